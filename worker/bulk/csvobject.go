package bulk

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/heraldsend/herald/worker/fault"
)

// node is one name of the tree that the header's paths make.
type node struct {
	name     string
	column   int // of the row; -1 where the node has children
	kind     kind
	children []*node
}

type kind int

const (
	text kind = iota
	number
	boolean
)

// kindOf reads the type that a custom field's name carries (Kustomer's suffixes).
func kindOf(path []string) kind {
	name := path[len(path)-1]
	switch {
	case !slices.Contains(path[:len(path)-1], "custom"):
		return text
	case strings.HasSuffix(name, "Num"):
		return number
	case strings.HasSuffix(name, "Bool"):
		return boolean
	}
	return text
}

// setKinds gives the columns below n the types that are known.
func (n *node) setKinds(prefix string, kindOf func(path string) string) {
	for _, c := range n.children {
		path := prefix + c.name
		if c.column < 0 {
			c.setKinds(path+".", kindOf)
			continue
		}
		switch kindOf(path) {
		case "":
		case "number":
			c.kind = number
		case "boolean":
			c.kind = boolean
		default:
			c.kind = text
		}
	}
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// appendObject writes the row's cells below n as a JSON object. Empty cells are left out.
func (c *CSV) appendObject(dst []byte, n *node, row []string, faults *fault.List) []byte {
	dst = append(dst, '{')
	first := true
	for _, child := range n.children {
		if child.column >= 0 && row[child.column] == "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendString(dst, child.name)
		dst = append(dst, ':')
		if child.column < 0 {
			dst = c.appendObject(dst, child, row, faults)
		} else {
			dst = c.appendValue(dst, child, row[child.column], faults)
		}
	}
	return append(dst, '}')
}

func (c *CSV) appendValue(dst []byte, n *node, cell string, faults *fault.List) []byte {
	switch n.kind {
	case number:
		if isNumber(cell) {
			return append(dst, cell...)
		}
		faults.Add(fault.Pointer(c.columns[n.column]), fault.WrongType, "%s is not a number", fault.Quote(cell))
	case boolean:
		switch strings.ToLower(cell) {
		case "true", "1", "yes":
			return append(dst, "true"...)
		case "false", "0", "no":
			return append(dst, "false"...)
		}
		faults.Add(fault.Pointer(c.columns[n.column]), fault.WrongType, "%s is not true or false", fault.Quote(cell))
	case text:
		return appendString(dst, cell)
	}
	return append(dst, "null"...) // of a row that is not taken
}

// isNumber reports whether s is a JSON number, which keeps every digit of it.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s))
}

// appendString writes s as a JSON string.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	copied := 0
	for i := 0; i < len(s); i++ {
		for i+8 <= len(s) && plain8(s[i:i+8]) {
			i += 8
		}
		if i == len(s) {
			break
		}
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[copied:i]...)
		copied = i + 1
		if b < 0x20 {
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		} else {
			dst = append(dst, '\\', b)
		}
	}
	return append(append(dst, s[copied:]...), '"')
}

// plain8 reports that none of eight bytes must be escaped. It looks at all of them at once: the highest bit of a byte of
// x - n is set where that byte of x is less than n, and of a byte above where there is such a byte below it.
func plain8(s string) bool {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, backslash := x^'"'*each, x^'\\'*each
	return ((x-' '*each)&^x|(quote-each)&^quote|(backslash-each)&^backslash)&highest == 0
}
