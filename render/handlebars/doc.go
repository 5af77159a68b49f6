// Package handlebars is a compiled implementation of the Handlebars 4.7
// template language: templates are parsed and compiled once, then executed many
// times, concurrently, against JSON data.
package handlebars
