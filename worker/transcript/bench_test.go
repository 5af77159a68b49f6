package transcript

import (
	"context"
	"os"
	"testing"

	"github.com/heraldsend/herald/worker/task"
)

// One transcript of the sample conversation, its templates compiled.
func BenchmarkTranscript(b *testing.B) {
	talk, err := os.ReadFile("../../templates/samples/conversation.json")
	if err != nil {
		b.Fatal(err)
	}
	catalog, err := builtIn()
	if err != nil {
		b.Fatal(err)
	}
	w := newForwarder(b)
	f := task.Forward{ID: "f", From: "a@desk.example", To: "b@partner.example", Introduction: "Hello"}
	bundle, err := w.Bundle(catalog, f)
	if err != nil {
		b.Fatal(err)
	}
	p, err := w.Open(bundle)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Make(context.Background(), p, f, talk); err != nil {
			b.Fatal(err)
		}
	}
}
