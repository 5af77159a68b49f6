package compose

import (
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Judge finds what is wrong with content when it is enqueued, by the catalog of the process that takes it. It is safe
// for concurrent use.
type Judge struct {
	catalog func() *catalog.Catalog
	hint    string
	known   *cache.Cache[contentKey, error]
}

// NewJudge returns a Judge over the current catalog. The hint follows the words about a name that the catalog lacks.
func NewJudge(catalog func() *catalog.Catalog, hint string) *Judge {
	return &Judge{catalog: catalog, hint: hint, known: cache.New[contentKey, error](256)}
}

// Check returns a fault.List with pointers into the content. It reports names that the catalog lacks, and texts of
// the message that don't compile or, unless Content.Lint is off, in which lint finds errors. It doesn't check the
// texts of a shortcut that is given by name: the worker does, with the catalog that it has then. Pinned content was
// checked when it was pinned.
func (j *Judge) Check(content task.Content) error {
	if content.Sources != "" || content.Shortcut == "" && content.Text == "" {
		return nil
	}
	c := j.catalog()
	found, err := j.known.Get(contentKey{Content: content, catalog: c.Hash()}, func() (error, error) {
		return j.judge(c, content), nil
	})
	return errors.Join(found, err)
}

// CheckSubject finds a mail whose text comes with it, and whose subject does not. Whether a shortcut has one is known to the
// worker, with the catalog that it has then.
func CheckSubject(c message.Channel, content task.Content) error {
	if c.Spec().Mail && content.Text != "" && content.Sources == "" && strings.TrimSpace(content.Subject) == "" {
		return fault.At("/subject", fault.Missing, "an email needs a subject")
	}
	return nil
}

// DefaultShortcut is what a message says on a channel that names no shortcut and has no text; "" if there is none.
func (j *Judge) DefaultShortcut(channel message.Channel) string {
	return j.catalog().DefaultShortcut(catalog.Channel(channel))
}

func (j *Judge) judge(c *catalog.Catalog, content task.Content) error {
	var faults fault.List
	b, err := BundleOf(c, content)
	var unknown *catalog.UnknownError
	var hidden *catalog.HiddenError
	switch {
	case errors.As(err, &hidden):
		faults.Add("/as", "shortcut_hidden", "%s", hidden.Error())
	case errors.As(err, &unknown) && unknown.Kind == "shortcut":
		faults.Add("/shortcut", "unknown_shortcut", "%s%s", unknown.Error(), j.hint)
	case errors.As(err, &unknown) && content.Template != "" && unknown.Name == content.Template:
		faults.Add("/template", "unknown_template", "%s%s", unknown.Error(), j.hint)
	case err != nil:
		for _, err := range catalog.Faults(err) {
			var place *catalog.TemplateError
			if errors.As(err, &place) {
				faults.Add(pointerTo(content, place.Template), place.Code, "%s", placed(place.File, place.Line, place.Column, place.Message))
			} else {
				faults.Add(pointerTo(content, ""), "invalid_template", "%s", err.Error())
			}
		}
	case content.Shortcut == "" && content.Lint != task.LintOff:
		if v := checkBundle(c, b); v != nil {
			var invalid *InvalidError
			errors.As(v, &invalid)
			for _, f := range invalid.Findings {
				faults.Add(pointerTo(content, f.Template), f.Code, "%s", placed(f.File, f.Line, f.Column, f.Message))
			}
		}
	}
	return faults.Err()
}

// pointerTo is the member of the content that holds a template. Templates that it only refers to count as the member
// that refers to them.
func pointerTo(content task.Content, template string) string {
	switch {
	case strings.HasSuffix(template, "/subject") && content.Subject != "":
		return "/subject"
	case content.Shortcut != "":
		return "/shortcut"
	}
	return "/text"
}

// placed puts the place before the words.
func placed(file string, line, column int, words string) string {
	switch {
	case line == 0:
		return words
	case file != "":
		return fmt.Sprintf("%s:%d:%d: %s", file, line, column, words)
	}
	return fmt.Sprintf("line %d, column %d: %s", line, column, words)
}
