// Package helpers is the table of helpers that templates can call besides the language's own: dates, conditions, texts,
// lists, numbers. Each row has its name, signature, description and examples; the tests run the examples, and the
// README's list is made of the rows.
package helpers
