// Package intl writes numbers and amounts of money and chooses plural forms as Intl of Node does, in all of its locales:
// same digits, signs, groups, marks of the writing direction. The data is Unicode's CLDR (data/NOTICE), embedded; neither
// the host's locale nor its files matter. It knows nothing of templates.
//
// Two things are not JavaScript's: a number that rounds to 0 has no minus (signDisplay "negative" of Intl), and numbers
// are decimals of any length (as texts are for Intl).
package intl
