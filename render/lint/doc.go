// Package lint tells authors what is wrong with a catalog before a customer
// notices it.
package lint
