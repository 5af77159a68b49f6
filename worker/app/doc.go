// Package app joins the parts: it makes a worker, an API or a client of settings. What it opens is closed in reverse
// order, also if a part in between can't be opened. Commands and tests of the whole program begin here.
package app
