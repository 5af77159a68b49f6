package lint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// openTag is a block that is open at a place, as far as faulty tags tell.
type openTag struct {
	name string
	at   int
}

func (o openTag) said(t *text) string {
	line, column := t.tree.Position(o.at)
	_, line, column = t.catalog.Locate(t.Name, line, column)
	return fmt.Sprintf("%s of line %d, column %d", handlebars.Quote(o.name), line, column)
}

// openAt is the innermost block that is open before a place.
func (t *text) openAt(pos int) (openTag, bool) {
	var open []openTag
	for _, tag := range t.raw() {
		if tag.Start >= pos {
			break
		}
		word, _ := tag.word()
		switch {
		case tag.sigil == "#" && !strings.EqualFold(word, "else") && elseIf.FindString(tag.inner) == "" && !strings.HasPrefix(tag.inner, "*") && word != "" &&
			!endings.MatchString(tag.inner) && word[0] != '/':
			open = append(open, openTag{strings.TrimPrefix(word, ">"), tag.Start})
		case tag.sigil == "" && opensWithoutHash(tag):
			open = append(open, openTag{word, tag.Start})
		case tag.sigil == "^" && word != "":
			open = append(open, openTag{word, tag.Start})
		case (tag.sigil == "/" && word != "else" || endings.MatchString(tag.inner)) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return openTag{}, false
	}
	return open[len(open)-1], true
}

// opensWithoutHash says whether a tag would open a block if it had its #.
func opensWithoutHash(tag rawTag) bool {
	word, rest := tag.word()
	row := rows()[word]
	return rest != "" && (row != nil && row.Form() == handlebars.Block || comparingBlocks[plainHelper(word)] != "")
}

// closerOf finds the closing tag of a block by its name.
func (t *text) closerOf(opener rawTag, name string) (rawTag, bool) {
	depth := 0
	for _, tag := range t.raw() {
		word, _ := tag.word()
		switch {
		case tag.Start <= opener.Start:
		case tag.sigil == "#" && word == name:
			depth++
		case tag.sigil == "/" && word == name:
			if depth == 0 {
				return tag, true
			}
			depth--
		}
	}
	return rawTag{}, false
}

// raw are the text's tags, however they are written.
func (t *text) raw() []rawTag {
	if t.rawTags == nil {
		t.rawTags = rawTags(t.Text.Text)
	}
	return t.rawTags
}

// tagAt is the tag at a place.
func (t *text) tagAt(pos int) (rawTag, bool) {
	for _, tag := range t.raw() {
		if tag.Start <= pos && pos < tag.End {
			return tag, true
		}
	}
	return rawTag{}, false
}

// snippetNamed is the snippet that is called so, whatever its dots, dashes, blanks and capitals; "" if there is none.
func (t *text) snippetNamed(name string) string {
	plain := plainSnippet(name)
	found := ""
	for _, known := range t.catalog.Snippets() {
		if plainSnippet(known) == plain {
			if known == name {
				return known
			}
			if found != "" {
				return ""
			}
			found = known
		}
	}
	return found
}

var notWord = regexp.MustCompile(`[^\pL\pN]+`)

func plainSnippet(name string) string {
	plain := strings.ToLower(notWord.ReplaceAllString(name, ""))
	return strings.TrimPrefix(plain, "sn")
}

// span is a part of a text.
func span(start, end int) syntax.Span { return syntax.Span{Start: start, End: end} }
