package handlebars

// Why a case of the suite is answered otherwise, or can't be run.
const (
	functionsInData = "data is JSON and has no functions"
	decorators      = "decorators other than inline are JavaScript that rewrites compiled code"
	outwardLookup   = "a ../path that is undefined at its depth is looked up further out, and surplus ../ stop at the root"
	sparseArrays    = "JSON has no arrays with holes"
)

// specDifferences are the cases of the Handlebars.js suite that this package
// answers otherwise on purpose, or that a Go API can't express.
var specDifferences = map[string]string{
	"basic: pathed functions with context argument":                                   functionsInData,
	"basic: depthed functions with context argument":                                  functionsInData,
	"basic: depthed block functions with context argument":                            functionsInData,
	"builtins: if with function argument #02":                                         functionsInData,
	"builtins: if with function argument #03":                                         functionsInData,
	"builtins: with with function argument":                                           functionsInData,
	"builtins: each with function argument":                                           functionsInData,
	"data: data can be functions":                                                     functionsInData,
	"data: data can be functions with params":                                         functionsInData,
	"helpers: pathed lambas with parameters":                                          functionsInData,
	"helpers: pathed lambas with parameters #01":                                      functionsInData,
	"helpers: lambdas are resolved by blockHelperMissing, not handlebars proper":      functionsInData,
	"helpers: lambdas resolved by blockHelperMissing are bound to the context":        functionsInData,
	"regressions: bug reported by @fat where lambdas weren't being properly resolved": functionsInData,

	"blocks: should apply mustache decorators":               decorators,
	"blocks: should apply allow undefined return":            decorators,
	"blocks: should apply block decorators":                  decorators,
	"blocks: should support nested decorators":               decorators,
	"blocks: should apply multiple decorators":               decorators,
	"blocks: should access parent variables":                 decorators,
	"blocks: should work with root program":                  decorators,
	"blocks: should fail when accessing variables from root": decorators,

	"regressions: GH-1065: Sparse arrays":                           sparseArrays,
	"regressions: GH-1135 : Context handling within each iteration": outwardLookup,
}

// mustacheDifferences are the cases of the Mustache suite that Handlebars.js, and
// so this package, answers otherwise.
var mustacheDifferences = map[string]string{
	"sections: Parent contexts":        "a name is looked up in the current context only",
	"sections: Variable test":          "a name is looked up in the current context only",
	"sections: List Contexts":          "a name is looked up in the current context only",
	"sections: Deeply Nested Contexts": "a name is looked up in the current context only",
	"partials: Failed Lookup":          "an unknown partial is an error",
	"partials: Standalone Indentation": "a partial's indentation goes before the lines of values too",
}
