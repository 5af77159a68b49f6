package render

import (
	"slices"

	"github.com/heraldsend/herald/render/handlebars"
)

// suggest returns the candidate that name was probably meant to be, or "".
func suggest(name string, candidates []string) string {
	return handlebars.Suggest(name, slices.Clone(candidates))
}

// didYouMean is suggest as the end of a sentence: "; did you mean …?" or "".
func didYouMean(name string, candidates []string) string {
	if s := suggest(name, candidates); s != "" {
		return "; did you mean " + quote(s) + "?"
	}
	return ""
}
