//go:build !race

package transcript

import (
	"encoding/json"
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
	"github.com/heraldsend/herald/worker/task"
)

var (
	textPieces = []string{"a", " ", "\n", "> ", ">", "word ", "secret wor", "secret word", "4111 1111", "https://a.example/?b=", "%40", "&amp;", "\r\n", "é", "\u202e", "-- \n", "On Monday, Ada wrote:\n", "@", "."}
	jsonPieces = []string{`{"direction":"in","body":"a"}`, ",", "{}", "[", "]", "{", "}", `"a"`, ":", "1", `{"direction":"in","id":"1","htmlBody":"<p>a"}`, " ", "null"}
)

// costOfMessage forwards a conversation with a redaction, and a message whose body is the input; with no field, the input stands
// among the messages.
func costOfMessage(t *testing.T, field string) func(string) error {
	w := newForwarder(t)
	return func(input string) error {
		encoded, err := json.Marshal(input)
		if err != nil {
			return err
		}
		talk := `{"messages":[{"direction":"in","body":"secret word x","redactions":[{"text":"secret word"}]},`
		if field == "" {
			talk += input + "]}"
		} else {
			talk += `{"direction":"in","` + field + `":` + string(encoded) + "}]}"
		}
		_, err = makeOne(t, w, task.Forward{}, []byte(talk))
		return err
	}
}

// What a transcript costs grows with its conversation.
func TestCostsOfGrammars(t *testing.T) {
	t.Run("text", func(t *testing.T) { metertest.Run(t, textPieces, costOfMessage(t, "body")) })
	t.Run("HTML", func(t *testing.T) { metertest.Run(t, metertest.HTML, costOfMessage(t, "htmlBody")) })
	t.Run("JSON", func(t *testing.T) { metertest.Run(t, jsonPieces, costOfMessage(t, "")) })
}
