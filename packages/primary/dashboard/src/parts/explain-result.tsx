/** An explanation as a list of steps, with the backends that were considered. */
import type {
  ExplainedCandidate,
  ExplainedPool,
  ExplainedStage,
  ExplainReply,
} from '@lb/shared/admin-api/explain';
import { formatCount, formatMs, NONE } from '../model/format.ts';
import type { Severity } from '../model/verdict.ts';
import { SeverityIcon, StateIcon } from './icons.tsx';

const VERDICTS: Readonly<Record<ExplainedStage['verdict'], Severity>> = {
  pass: 'ok',
  refuse: 'bad',
  answer: 'ok',
  unknown: 'warn',
};

export function ExplainResult({ reply }: { readonly reply: ExplainReply }) {
  const { client, routes, stages, pool, outcome, status, worker } = reply;
  return (
    <div class="explanation">
      <p class="outcome">
        <SeverityIcon severity={status === null || status < 400 ? 'ok' : 'bad'} />
        <span>
          {status !== null && <b>{status} </b>}
          {outcome}
        </span>
      </p>
      <dl>
        <dt>Client</dt>
        <dd>
          <code>{client.address}</code> <small>{client.because}</small>
        </dd>
        <dt>Route</dt>
        <dd>
          <ol>
            {routes.map(({ name, isMatch, because }) => (
              <li key={name} class={isMatch ? 'match' : ''}>
                {isMatch ? '✓' : '✗'} <b>{name}</b> <small>{because}</small>
              </li>
            ))}
          </ol>
        </dd>
        {stages.length > 0 && <dt>Stages</dt>}
        {stages.length > 0 && <Stages stages={stages} />}
        {pool !== null && <dt>Pool</dt>}
        {pool !== null && <PoolStep pool={pool} />}
        {pool !== null && <Candidates pool={pool} />}
      </dl>
      <p class="hint">Asked of worker {worker}. Another one may have other numbers in flight.</p>
    </div>
  );
}

function Stages({ stages }: Pick<ExplainReply, 'stages'>) {
  return (
    <dd>
      <ol>
        {stages.map(({ name, verdict, because }) => (
          <li key={name} class={VERDICTS[verdict]}>
            <SeverityIcon severity={VERDICTS[verdict]} /> <b>{name}</b> {verdict}{' '}
            <small>{because}</small>
          </li>
        ))}
      </ol>
    </dd>
  );
}

function PoolStep({ pool }: { readonly pool: ExplainedPool }) {
  const { name, because, policy, pick, retry } = pool;
  return (
    <dd>
      <p>
        <b>{name}</b> <small>{because}</small>
      </p>
      <p>
        {policy} picks <b>{pick.backend ?? 'none'}</b> <small>{pick.because}</small>
      </p>
      {retry.map((sentence) => (
        <p key={sentence}>
          <small>{sentence}</small>
        </p>
      ))}
    </dd>
  );
}

function Candidates({ pool: { candidates, pick } }: { readonly pool: ExplainedPool }) {
  return (
    <dd class="wide">
      <div class="scroll" tabIndex={0} role="group" aria-label="Candidates">
        <table>
          <thead>
            <tr>
              <th>Candidate</th>
              <th>State</th>
              <th class="number">Weight</th>
              <th class="number">In flight</th>
              <th class="number">Latency</th>
              <th class="number">Score</th>
            </tr>
          </thead>
          <tbody>
            {candidates.map((candidate) => (
              <CandidateRow
                key={candidate.name}
                candidate={candidate}
                isPick={candidate.name === pick.backend}
              />
            ))}
          </tbody>
        </table>
      </div>
    </dd>
  );
}

interface CandidateRowProps {
  readonly candidate: ExplainedCandidate;
  readonly isPick: boolean;
}

function CandidateRow({ candidate, isPick }: CandidateRowProps) {
  const { name, state, weight, inFlight, latencyMs, score, mayTakeIt, because } = candidate;
  return (
    <tr class={isPick ? 'pick' : ''}>
      <td>
        {name}
        {isPick && ' (picked)'}
      </td>
      <td class={state}>
        <StateIcon state={state} /> {mayTakeIt ? state : because}
      </td>
      <td class="number">{weight}</td>
      <td class="number">{formatCount(inFlight)}</td>
      <td class="number">{formatMs(latencyMs)}</td>
      <td class="number">{score === null ? NONE : score.toFixed(2)}</td>
    </tr>
  );
}
