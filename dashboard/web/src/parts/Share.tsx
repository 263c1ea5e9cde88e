import { f } from "../i18n";
import { Missing } from "./KeyNumbers";
import { Live } from "./Live";

/** A share with a bar as long as it. */
export function Share({ value }: { value: number | null }) {
  if (value === null) return <Missing />;
  return (
    <span class="share">
      <svg class="hbar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="room" width={100} height={10} />
        <rect class="value" width={Math.min(1, Math.max(0, value)) * 100} height={10} />
      </svg>
      <Live text={f.percent(value)} />
    </span>
  );
}
