// Package app joins the parts: settings become a worker, an API or a client. What it opens ends in reverse order, also
// when something in the middle can't be opened. Commands and tests of the whole program begin here.
package app
