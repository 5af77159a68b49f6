package logger

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/heraldsend/herald/worker/channel/sendtest"
	"github.com/heraldsend/herald/worker/message"
)

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestSuite(t *testing.T) {
	sendtest.Run(t, func(t *testing.T, s sendtest.Situation) sendtest.Rig {
		if s != sendtest.Accepts {
			return sendtest.Rig{Missing: "nobody is at the other side"}
		}
		log := &lockedBuffer{}
		sender, err := New(slog.New(slog.NewTextHandler(log, nil)), (*message.Message).Validate)
		if err != nil {
			t.Fatal(err)
		}
		return sendtest.Rig{
			Sender: sender, Log: log,
			Message:   &message.Message{ID: "m1", Channel: message.SMS, To: []message.Address{{Addr: "+4915112345678"}}, Text: "some text"},
			Delivered: func() int { return strings.Count(log.String(), "message logged, not sent") },
		}
	})
}
