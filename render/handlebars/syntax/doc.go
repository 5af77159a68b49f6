// Package syntax reads the tags of a template with their places.
package syntax
