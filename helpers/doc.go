// Package helpers is the table of helpers that templates can call besides those of the language: dates, conditions,
// texts, lists, numbers. Each row has a name, signature, description and examples. The tests run the examples, and
// the README's list is made of the rows.
package helpers
