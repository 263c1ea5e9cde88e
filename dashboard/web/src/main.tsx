import { render } from "preact";
import "./styles/index.css";
import { Start } from "./Start";
import { pageLanguage } from "./i18n";

document.documentElement.lang = pageLanguage;
const root = document.getElementById("app");
if (root) render(<Start />, root);
