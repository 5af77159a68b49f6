// Package oracle runs a JavaScript program that gives the right answers, and stores them for tests. Only tests and
// the commands that compare use it.
package oracle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// Oracle is a Node process that answers a line of JSON with a line of JSON.
type Oracle struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start runs a script, with UTC as its time zone. Its packages must be installed.
func Start(script string) (*Oracle, error) {
	cmd := exec.Command("node", script)
	cmd.Env = append(os.Environ(), "TZ=UTC")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Oracle{cmd, in, bufio.NewReaderSize(out, 1<<20)}, nil
}

// Ask sends a request and decodes the answer.
func (o *Oracle) Ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return err
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the answer of %s (is npm ci done for it?): %w", o.cmd.Args[1], err)
	}
	return json.Unmarshal(reply, answer)
}

// Close ends the process.
func (o *Oracle) Close() error {
	if err := o.in.Close(); err != nil {
		return err
	}
	return o.cmd.Wait()
}
