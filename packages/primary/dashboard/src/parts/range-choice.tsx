/** Chooses how far back the charts go, and says why there is less than that. */
import { type ChartRange, rangesFor } from '../model/chart-range.ts';
import { usePage } from './page-context.ts';

export interface RangeChoiceProps {
  readonly range: ChartRange;
  readonly hasDatabase: boolean;
  readonly warning: string | null;
}

export function RangeChoice({ range, hasDatabase, warning }: RangeChoiceProps) {
  const { live } = usePage();
  return (
    <div class="ranges" role="group" aria-label="How far back the charts go">
      {warning !== null && <span class="warning">{warning}</span>}
      {rangesFor(hasDatabase).map((each) => (
        <button
          key={each.name}
          type="button"
          class="small"
          aria-pressed={each.name === range.name}
          onClick={() => live.show(each)}
        >
          {each.name}
        </button>
      ))}
    </div>
  );
}
