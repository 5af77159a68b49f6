package api

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// Bodies that don't arrive hold only what has come of them. One for which there is no room is a 503 that says when to try again,
// and when the others have left, there is room again.
func TestBodiesHaveRoomTogether(t *testing.T) {
	s := start(t, func(o *Options) { o.Bodies = 4 * roomStep })
	s.api.room.wait = time.Millisecond
	file := strings.Repeat("x", 2*roomStep)
	store := func(body io.Reader, header ...string) answer {
		return s.do("POST", "/v1/attachments?name=a.txt", body, append(header, "Content-Type: application/octet-stream")...)
	}
	if a := store(strings.NewReader(file)); a.status != 201 {
		t.Fatalf("alone: %d %s", a.status, a.body)
	}
	var ends []*io.PipeWriter
	answers := make(chan answer, 4)
	for range 4 {
		body, end := io.Pipe()
		ends = append(ends, end)
		go func() { answers <- store(body) }()
		if _, err := end.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for s.api.room.bytes.TryAcquire(1) { // until all four have a step
		s.api.room.bytes.Release(1)
		time.Sleep(time.Millisecond)
	}
	for path, body := range map[string]string{"/v1/attachments?name=a.txt": file, "/v1/messages": aMessage} {
		header := []string{}
		if body == file {
			header = append(header, "Content-Type: application/octet-stream")
		}
		a := s.do("POST", path, body, header...)
		if a.status != 503 || a.header.Get("Retry-After") != "1" || a.problem(t).Code != "busy" {
			t.Errorf("%s beside slow ones: %d %v %s", path, a.status, a.header, a.body)
		}
	}
	for _, end := range ends {
		_ = end.Close()
	}
	for range ends {
		if a := <-answers; a.status != 201 {
			t.Errorf("a slow one: %d %s", a.status, a.body)
		}
	}
	if !s.api.room.bytes.TryAcquire(4 * roomStep) {
		t.Error("not all room was given back")
	}
	s.api.room.bytes.Release(4 * roomStep)
	s.want(202, "POST", "/v1/messages", aMessage)
}

// A request that waits for room goes on when another leaves, and stops waiting when its caller does.
func TestRoomIsWaitedFor(t *testing.T) {
	r := newRoom(roomStep)
	first := r.enter(t.Context())
	if err := first.take(1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	second := r.enter(t.Context())
	go func() { done <- second.take(roomStep) }()
	first.leave()
	if err := <-done; err != nil {
		t.Errorf("the second: %v", err)
	}
	gone := errors.New("gone")
	ctx, leave := context.WithCancelCause(t.Context())
	leave(gone)
	if err := r.enter(ctx).take(1); !errors.Is(err, gone) {
		t.Errorf("one whose caller left: %v", err)
	}
	second.leave()
	if !r.bytes.TryAcquire(roomStep) {
		t.Error("not all room was given back")
	}
}
