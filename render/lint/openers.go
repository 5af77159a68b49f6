package lint

import (
	"fmt"
	"regexp"
	"sort"
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

// openAt is the innermost block that is open before a tag.
func (t *text) openAt(tag rawTag) (openTag, bool) {
	if t.around == nil {
		t.around = blocksAround(t.raw())
	}
	i, ok := t.indexAt(tag.Start)
	if !ok || t.around[i] < 0 {
		return openTag{}, false
	}
	opener := t.rawTags[t.around[i]]
	word, _ := opener.word()
	return openTag{strings.TrimPrefix(word, ">"), opener.Start}, true
}

// blocksAround gives for each tag which one opens the block that it stands in, -1 for none.
func blocksAround(tags []rawTag) []int {
	around := make([]int, len(tags))
	var open []int
	for i, tag := range tags {
		around[i] = -1
		if len(open) > 0 {
			around[i] = open[len(open)-1]
		}
		word, _ := tag.word()
		switch {
		case tag.sigil == "#" && !strings.EqualFold(word, "else") && elseIf.FindString(tag.inner) == "" && !strings.HasPrefix(tag.inner, "*") && word != "" &&
			!endings.MatchString(tag.inner) && word[0] != '/', tag.sigil == "" && opensWithoutHash(tag), tag.sigil == "^" && word != "":
			open = append(open, i)
		case (tag.sigil == "/" && word != "else" || endings.MatchString(tag.inner)) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	return around
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
	if !t.rawRead {
		t.rawTags, t.comments = rawTags(t.Text.Text)
		t.rawRead = true
	}
	return t.rawTags
}

// tagAt is the tag at a place.
func (t *text) tagAt(pos int) (rawTag, bool) {
	i, ok := t.indexAt(pos)
	if !ok {
		return rawTag{}, false
	}
	return t.rawTags[i], true
}

func (t *text) indexAt(pos int) (int, bool) {
	tags := t.raw()
	i := sort.Search(len(tags), func(i int) bool { return tags[i].End > pos })
	return i, i < len(tags) && tags[i].Start <= pos
}

// inComment says whether a place is in a comment.
func (t *text) inComment(pos int) bool {
	t.raw()
	i := sort.Search(len(t.comments), func(i int) bool { return t.comments[i].End > pos })
	return i < len(t.comments) && t.comments[i].Start <= pos
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
