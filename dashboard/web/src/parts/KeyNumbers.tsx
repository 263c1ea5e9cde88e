import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { HelpButton } from "./Help";
import { Live } from "./Live";

export interface KeyNumber {
  name: string;
  value: string | null;
  /** A smaller second line. */
  detail?: string | undefined;
  /** The number's definition. */
  help: string;
}

/** Numbers with their names; one definition at a time, below all of them, so that none moves when it opens. */
export function KeyNumbers({ numbers, rows = false }: { numbers: readonly KeyNumber[]; rows?: boolean }) {
  const [open, setOpen] = useState<string | null>(null);
  const id = useId();
  const opened = numbers.find((number) => number.name === open);
  return (
    <div>
      <dl class={rows ? "keys rows" : "keys"}>
        {numbers.map(({ name, value, detail }) => (
          <div class="key" key={name}>
            <dt><span>{name} <HelpButton name={name} open={name === open} controls={id} onToggle={() => setOpen(name === open ? null : name)} /></span></dt>
            <dd>
              {value === null ? <Missing /> : <Live text={value} />}
              {detail && <small>{detail}</small>}
            </dd>
          </div>
        ))}
      </dl>
      <div id={id} role="status">{opened && <p class="definition"><strong>{opened.name}:</strong> {opened.help}</p>}</div>
    </div>
  );
}

/** A value that does not exist yet. */
export function Missing() {
  return (
    <>
      <span aria-hidden="true" class="muted">{t("app.none")}</span>
      <span class="hidden">{t("app.no_value")}</span>
    </>
  );
}
