import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { Live } from "./Live";

interface Props {
  name: string;
  value: string | null;
  /** A smaller second line. */
  detail?: string | undefined;
  help?: string;
  children?: ComponentChildren;
}

/** One number with its name, and its definition behind a button. */
export function KeyNumber({ name, value, detail, help }: Props) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div class="key">
      <dt>
        {name}
        {help && (
          <button type="button" class="help" aria-expanded={open} aria-controls={id} aria-label={t("app.what_is", { name })} onClick={() => setOpen(!open)}>
            ?
          </button>
        )}
      </dt>
      <dd>
        {value === null ? <Missing /> : <Live text={value} />}
        {detail && <small>{detail}</small>}
        {help && <p class="definition" id={id} hidden={!open}>{help}</p>}
      </dd>
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
