import { t } from "../i18n";

interface HelpButtonProps {
  /** What is defined. */
  name: string;
  open: boolean;
  /** The id of the element that holds the definition. */
  controls: string;
  onToggle: () => void;
}

/** Shows and hides a definition. */
export function HelpButton({ name, open, controls, onToggle }: HelpButtonProps) {
  return (
    <button type="button" class="help" aria-expanded={open} aria-controls={controls} aria-label={t("app.what_is", { name })} onClick={onToggle}>
      ?
    </button>
  );
}

/** What the columns of a table mean. */
export function Glossary({ terms }: { terms: readonly (readonly [name: string, text: string])[] }) {
  return (
    <details class="glossary">
      <summary>{t("app.columns")}</summary>
      <dl>
        {terms.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
      </dl>
    </details>
  );
}
