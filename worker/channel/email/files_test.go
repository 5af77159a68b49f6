package email

import (
	"bytes"
	"sync"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

func TestFilesAreEncodedOnce(t *testing.T) {
	c := testComposer()
	shared := message.Attachment{Name: "a.pdf", Type: "application/pdf", Data: bytes.Repeat([]byte("x"), 100_000), SHA256: "11"}
	parts := make([][]byte, 16)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := sample()
			m.Attachments = []message.Attachment{shared}
			for _, s := range c.compose(m).segments {
				if s.file {
					parts[i] = s.data
				}
			}
		}()
	}
	wg.Wait()
	for i := range parts {
		if &parts[i][0] != &parts[0][0] {
			t.Fatalf("mail %d has a copy of its own", i)
		}
	}
	renamed := shared
	renamed.Name = "b.pdf"
	if part := c.files.get(&renamed); &part[0] == &parts[0][0] || !bytes.Contains(part, []byte("b.pdf")) {
		t.Error("another name shares the part")
	}
	unhashed := shared
	unhashed.SHA256 = ""
	if part := c.files.get(&unhashed); &part[0] == &parts[0][0] || !bytes.Equal(part, parts[0]) {
		t.Error("without a hash nothing is shared, and the bytes are the same")
	}
}

func TestFileCacheIsBounded(t *testing.T) {
	file := func(sum string) *message.Attachment {
		return &message.Attachment{Name: "a", Type: "text/plain", Data: make([]byte, 1000), SHA256: sum}
	}
	c := newFileCache(int64(3 * base64Size(1000)))
	first := c.get(file("1"))
	for _, sum := range []string{"2", "3", "1", "4"} { // 2 is the one not used for longest
		c.get(file(sum))
	}
	if again := c.get(file("1")); &again[0] != &first[0] {
		t.Error("the last used was forgotten")
	}
	huge := file("5")
	huge.Data = make([]byte, 10_000)
	c.get(huge)
	if again := c.get(file("1")); &again[0] != &first[0] {
		t.Error("a file larger than the cache pushed others out")
	}
}
