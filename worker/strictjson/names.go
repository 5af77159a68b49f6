package strictjson

import (
	"strings"
	"unicode"
)

// names are the members of one object so far.
type names struct {
	few  []string          // while they are few, to be looked through
	many map[string]string // by their folded form, afterwards
}

const fewNames = 12

// add takes in a name, unless it is there already but for its case: then it returns the one that is.
func (n *names) add(name string) (before string, twice bool) {
	if n.many != nil {
		key := folded(name)
		if before, twice = n.many[key]; !twice {
			n.many[key] = name
		}
		return before, twice
	}
	for _, known := range n.few {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	if n.few = append(n.few, name); len(n.few) > fewNames {
		n.many = make(map[string]string, 2*len(n.few))
		for _, known := range n.few {
			n.many[folded(known)] = known
		}
	}
	return "", false
}

// folded is the same text for all that strings.EqualFold takes for equal.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// Nearest returns the candidate that name was probably meant to be, or "": one that differs in case only, or in a third
// of its characters at most.
func Nearest(name string, candidates []string) string {
	best, least := "", 1+min(len(name), 60)/3
	if len(name) > 60 {
		return ""
	}
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the characters to put in, take out, change or swap with their neighbour to make b of a.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	var last []int
	row, next := make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		next[0] = i + 1
		for j, s := range to {
			change := row[j]
			if r != s {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && r == to[j-1] && from[i-1] == s {
				next[j+1] = min(next[j+1], last[j-1]+1)
			}
		}
		last, row, next = row, next, make([]int, len(to)+1)
	}
	return row[len(to)]
}
