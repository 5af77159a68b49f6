package handlebars

import (
	"slices"
	"strings"
)

// Suggest returns the candidate that name is most likely a misspelling of, or
// "" if none is near: at most one edit in three characters, letter case aside.
func Suggest(name string, candidates []string) string {
	best, _, _ := Nearest(name, candidates)
	return best
}

// Nearest is Suggest with the number of edits, and whether no other candidate is as near.
func Nearest(name string, candidates []string) (best string, edits int, unique bool) {
	edits = len(name)/3 + 1
	if len(name) > 100 {
		return "", 0, false
	}
	lower := strings.ToLower(name)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		switch d := distance(lower, strings.ToLower(c)); {
		case d < edits || d == edits && best == "":
			best, edits, unique = c, d, true
		case d == edits:
			unique = false
		}
	}
	return best, edits, unique
}

// DidYouMean is Suggest as the end of a sentence: "; did you mean …?" or "".
func DidYouMean(name string, candidates []string) string {
	if s := Suggest(name, candidates); s != "" {
		return "; did you mean " + Quote(s) + "?"
	}
	return ""
}

// meant completes an error about an unknown name with the candidate that was probably meant.
func (e *Error) meant(name string, candidates []string) *Error {
	if e.Suggestion = Suggest(name, candidates); e.Suggestion != "" {
		e.Message += "; did you mean " + Quote(e.Suggestion) + "?"
	}
	return e
}

// distance is the number of insertions, deletions, replacements and swaps of
// neighbours that make a into b.
func distance(a, b string) int {
	if len(b) > 2*len(a)+2 {
		return len(b)
	}
	var before []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
