package email

import (
	"bufio"
	"net"
	"sync"
	"testing"
	"time"
)

// However many connections are idle, and however slowly their servers answer, they are closed at the same time.
func TestCloseSaysQuitToAllAtOnce(t *testing.T) {
	t.Parallel()
	const conns = 50
	p := newPool(Options{MaxConns: conns, IdleTimeout: time.Minute}, nil)
	var quits sync.WaitGroup
	all := make(chan struct{})
	quits.Add(conns)
	for range conns {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if line, err := bufio.NewReader(theirs).ReadString('\n'); err != nil || line != "QUIT\r\n" {
				t.Errorf("%q, %v", line, err)
			}
			quits.Done()
			<-all // nobody gets an answer before everybody asked: one after the other would wait a second each
			_, _ = theirs.Write([]byte("221 bye\r\n"))
		}()
		p.keep(&conn{net: ours, r: bufio.NewReader(ours), w: bufio.NewWriter(ours)})
	}
	go func() { quits.Wait(); close(all) }()
	began := time.Now()
	p.close()
	if took := time.Since(began); took > conns*lastWords/2 {
		t.Errorf("closing took %s", took)
	}
}
