// Package handlebars is a compiled implementation of the template language of
// Handlebars.js 4.7. Templates are compiled once, against an Env of helpers,
// partials and snippets, and then executed many times, concurrently, with data
// that is JSON.
//
//	env, err := handlebars.New(handlebars.Options{Helpers: helpers.All()})
//	template, err := env.Compile("welcome", "Hi {{customer.firstName}}!")
//	context, err := handlebars.ParseJSON([]byte(`{"customer":{"firstName":"Ann"}}`))
//	out, err := template.Append(ctx, nil, &handlebars.Exec{Context: context})
//
// An Env and a Template are immutable and safe for concurrent use. There is no
// global registry. Append appends to a slice of the caller's: with one that is
// large enough and helpers that don't allocate, an execution allocates nothing.
//
// # Language
//
// Everything of Handlebars 4.7: {{escaped}} and {{{raw}}} values, paths (a.b, a/b,
// this, ../, [any segment], @data, @root, @../index), literals, helpers with
// arguments, hash arguments and (sub expressions), blocks with {{else}} chains and
// block parameters (as |item index|), {{^inverted}} and {{{{raw}}}} blocks,
// partials with context and hash, {{> (computed)}} partials, {{#> partial}}
// blocks with @partial-block, {{#*inline "name"}} partials, ~ white space control,
// standalone lines and the indentation of partials, {{! comments}} and
// {{!-- long comments --}}, escaped \{{mustaches}}. Its helpers are if, unless,
// each, with, lookup and log (which does nothing here).
//
// Beyond that, [[sn.name]] in a text stands for a Snippet: a translated piece of
// template, which is executed in the context where it stands. A name has letters,
// digits, and "_", "-", "."; other text in double brackets is text.
//
// # Differences from Handlebars.js
//
// Semantics are those of Handlebars.js 4.7.8, byte for byte, with these exceptions:
//
//   - A ../path that is undefined at its depth is looked up further out, and
//     surplus ../ stop at the root: templates written for Handlebars 3 go on
//     working. A depth is opened only where the context changes, as in 4.7, and by
//     the blocks of helpers that ask for it with Helper.Depth. Inside
//     {{#ifCond a "==" b}} both {{name}} and {{../name}} are the caller's name.
//   - Integers print exactly, also above 2^53.
//   - Without arguments, the name of a helper with Helper.OrField is a field's.
//   - What can't work is an error when a template is compiled, with its place, and
//     not only where an execution comes to it: a helper that isn't there called
//     with arguments, the wrong number of arguments, an unknown option, a block
//     called as a value, an unknown partial, an unknown snippet.
//   - Data is JSON: no functions, no methods, no prototypes. What JavaScript would
//     inherit ({{constructor}}, {{__proto__}}) is undefined. {{#if @partial-block}}
//     asks whether there is a block with content. There are no decorators but inline.
//   - Two defects are not imitated: {{{a}}}{{{b}}} at the start of a program adds
//     numbers in Handlebars.js, and an inline partial in a block with block
//     parameters sees those of another block or fails.
//   - A safe string is a string, not an object that each could visit.
//   - The options of Handlebars.js are not there, but for strict mode.
//
// # Values
//
// A Value is what JSON can say, or undefined. Objects keep their order, as
// JavaScript has it (integer keys first); truth, printing, length and comparison
// are JavaScript's. ParseJSON and FromGo make values; a Decoder makes them from
// many texts without garbage.
//
// # Escaping
//
// Values printed with {{ }} are escaped as Exec.Escape says: for HTML like
// Handlebars.js does, for Markdown, or, in plain text, only freed of control
// characters. {{{ }}}, {{& }} and Safe strings are printed as they are. Data is
// never parsed as a template.
//
// # Errors and limits
//
// Every error is an *Error with a stable Code, the template's name, line and
// column, and the source line; Detail draws a caret. Limits bound the source's
// length, nesting, partials and snippets within each other, output, and the number
// of operations; a context.Context stops an execution. No template and no data can
// crash the process or use much more memory than its output.
//
// # Helpers
//
// A Helper is a struct with a name, a declaration that calls are checked against
// when they are compiled, and a function of a *Call. See the examples.
package handlebars
