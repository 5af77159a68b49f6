// Package lint finds mistakes in a catalog before a customer notices them.
package lint
