// Package syntax reads templates: Handlebars.js 4.7's language, and snippets, [[sn.name]].
//
// Its tree is raymond's, github.com/aymerick/raymond/ast, with nodes of its own for what Handlebars 4 and snippets add.
// Parser serves the engine: it stops at the first fault. Parse serves tools: it gives every node its place and tells
// every fault.
package syntax
