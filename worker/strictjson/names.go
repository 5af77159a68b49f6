package strictjson

import (
	"bytes"
	"strings"
	"unicode"
)

// names are the members of one object so far, in a stack of the names of all objects that are open.
type names struct {
	stack *[][]byte
	from  int               // of the stack, this object's first
	many  map[string][]byte // by their folded form, if they are too many to be looked through
}

const fewNames = 12

// add takes in a name, unless it is there already but for its case: then it returns the one that is.
func (n *names) add(name []byte) (before []byte, twice bool) {
	if n.many != nil {
		key := folded(name)
		if before, twice = n.many[key]; !twice {
			n.many[key] = name
		}
		return before, twice
	}
	few := (*n.stack)[n.from:]
	for _, known := range few {
		if bytes.EqualFold(known, name) {
			return known, true
		}
	}
	*n.stack = append(*n.stack, name)
	if len(few) == fewNames {
		n.many = make(map[string][]byte, 2*fewNames)
		for _, known := range (*n.stack)[n.from:] {
			n.many[folded(known)] = known
		}
	}
	return nil, false
}

// drop forgets them.
func (n *names) drop() { *n.stack = (*n.stack)[:n.from] }

// folded is the same text for all that bytes.EqualFold takes for equal.
func folded(s []byte) string {
	return string(bytes.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s))
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
