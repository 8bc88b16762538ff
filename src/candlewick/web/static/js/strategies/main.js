/** The pages of strategies: htmx brings what is slow to know. */

import "htmx.org";
