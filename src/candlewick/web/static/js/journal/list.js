/** The journal's list: htmx brings the next page as one comes near; what is far out of sight is put away. */

import "htmx.org";
import { Shelf } from "./shelf.js";

const table = document.querySelector(".trades");
if (table) new Shelf(/** @type {HTMLElement} */ (table));
