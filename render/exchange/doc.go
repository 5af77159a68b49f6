// Package exchange carries the texts of snippets out to translators and back: as XLIFF 2 (OASIS, version 2.0) and as CSV.
// It translates nothing, and writes no files: a Plan says what would change.
package exchange
