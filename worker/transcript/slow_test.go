package transcript

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/task"
)

// slowest is far more than half a megabyte of anything may take. What takes time by the square of its length takes longer.
const slowest = 30 * time.Second

// No text of half a megabyte takes long to be sanitised, redacted and shown, however hostile its form is.
func TestHostileTextsTakeNoTime(t *testing.T) {
	w := newForwarder(t)
	const n = 1 << 19 / raceFactor
	for name, s := range map[string]string{
		"elements": "<div>", "formatting": "<b>", "formatting and paragraphs": "<b><p>", "crossed": "<b></i><i></b>", "tables": "<table><tr><td>x",
		"links": "<a href='http://x.y'>", "quotations": "<blockquote>x", "lists": "<ul><li>x", "angles": "<", "ampersands": "&", "comments": "<!--",
		"hidden": "<div style=display:none>", "hidden and closed": "<p hidden></p>x", "closers": "</div>", "quotation marks": ">", "quoted lines": "\n>",
		"blanks": " ", "beginnings of a secret": "secret wor", "drawings": "<svg><b>",
	} {
		rep := strings.Repeat(s, n/len(s))
		for _, field := range []string{"body", "htmlBody"} {
			data, err := json.Marshal(map[string]any{"messages": []any{
				map[string]any{"direction": "in", "body": "secret word x", "redactions": []any{map[string]any{"text": "secret word"}}},
				map[string]any{"direction": "in", field: rep},
			}})
			if err != nil {
				t.Fatal(err)
			}
			if took := cputest.Spent(func() { _, err = makeOne(t, w, task.Forward{Overflow: task.ShortenOverflow}, data) }); took > slowest {
				t.Errorf("%s as %s took %v", name, field, took)
			}
			var known *compose.Verdict
			if err != nil && (!errors.As(err, &known) || known.Code != codeTooLarge) {
				t.Errorf("%s as %s: %v", name, field, err)
			}
		}
	}
}
