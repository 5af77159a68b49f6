package api

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/store/link"
)

const (
	mediaSize  = 9 << 20
	smallPiece = 1 << 20 // what one reader may hold or read beside what it asked for; one piece is 256 KB
)

// largeMedia stores a large file and returns it, and the path of its link.
func largeMedia(t *testing.T) (s *service, data []byte, at string) {
	t.Helper()
	s, links := strangers(t)
	data = make([]byte, mediaSize)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data)
	ref, err := s.client.Attach(t.Context(), "a.mp4", "video/mp4", data)
	if err != nil {
		t.Fatal(err)
	}
	return s, data, path(t, links.Media(link.File{Blob: ref.Blob, Name: "a.mp4", Type: "video/mp4"}))
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Who reads slowly holds a piece of the file, not the file, and keeps nobody waiting.
func TestMediaReadSlowly(t *testing.T) {
	s, data, at := largeMedia(t)
	const readers = 40
	before := heap()
	for range readers {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil { // the rest has to wait in the server
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: messages.example\r\n\r\n", at); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil { // it is being served
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > readers*smallPiece {
		t.Errorf("%d readers hold %d KB each", readers, grown/readers>>10)
	}
	if a := s.want(200, "GET", at, nil); !bytes.Equal(a.body, data) { // whoever reads quickly does not wait for them
		t.Errorf("%d other bytes than the file's", len(a.body))
	}
}

// sent is how many bytes Redis has sent so far.
func (s *service) sent() int {
	s.t.Helper()
	info, err := s.redis.Client().Info(s.t.Context(), "stats").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "total_net_output_bytes:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Who asks for a part of a file costs that part, not the file.
func TestMediaRanges(t *testing.T) {
	s, data, at := largeMedia(t)
	for asked, want := range map[string]struct{ status, from, to int }{
		"bytes=0-0":                {206, 0, 1},
		"bytes=4000000-4000099":    {206, 4_000_000, 4_000_100},
		"bytes=1000000-1600000":    {206, 1_000_000, 1_600_001},
		"bytes=-100":               {206, mediaSize - 100, mediaSize},
		"bytes=9437183-":           {206, mediaSize - 1, mediaSize},
		"bytes=9437100-999999999":  {206, 9_437_100, mediaSize},
		"bytes=9437184-":           {416, 0, 0},
		"bytes=99999999999-999999": {416, 0, 0},
	} {
		t.Run(asked, func(t *testing.T) {
			s := s.in(t)
			before := s.sent()
			a := s.want(want.status, "GET", at, nil, "Range: "+asked)
			if read := s.sent() - before; read > want.to-want.from+smallPiece {
				t.Errorf("%d bytes were asked for, %d were read", want.to-want.from, read)
			}
			if want.status == 206 && !bytes.Equal(a.body, data[want.from:want.to]) {
				t.Errorf("%d other bytes than those asked for", len(a.body))
			}
			if want.status == 206 && a.header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", want.from, want.to-1, mediaSize) {
				t.Errorf("Content-Range is %q", a.header.Get("Content-Range"))
			}
		})
	}
	before := s.sent()
	s.want(200, "HEAD", at, nil)
	if read := s.sent() - before; read > smallPiece {
		t.Errorf("HEAD reads %d bytes", read)
	}
}
