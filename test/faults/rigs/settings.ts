/** What all balancers of a run have in common. A request is given up at the same time by each, and a backend as fast as it can. */
export const CONNECT_TIMEOUT_MS = 1_000;
export const RESPONSE_TIMEOUT_MS = 2_000;
/** A request that waited longer for its turn would be answered when its client is gone. */
export const QUEUE_TIMEOUT_MS = 500;
export const PROBE_INTERVAL_MS = 500;
export const PROBE_TIMEOUT_MS = 300;
export const PROBE_FALL = 2;
export const PROBE_RISE = 1;
/** Beyond the first try. */
export const RETRIES = 2;
/** Failures of real requests after which a backend is out. */
export const CONSECUTIVE_ERRORS = 5;
/** Of lbctl alone: the others have no word for it. A try that takes longer is made elsewhere. */
export const TRY_TIMEOUT_MS = 500;
/** A backend that is out for its failures is asked again after this. */
export const EJECTED_MS = 2_000;
export const WORKERS = 2;
