package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// oracle is a Node process that answers what Moment prints; see oracle.js.
type oracle struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startOracle(dir string) (*oracle, error) {
	cmd := exec.Command("node", filepath.Join(dir, "oracle.js"))
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
	return &oracle{cmd, in, bufio.NewReaderSize(out, 1<<20)}, nil
}

func (o *oracle) ask(request, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		return err
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the answer of oracle.js (is npm ci done in helpers/moment/generate?): %w", err)
	}
	return json.Unmarshal(reply, answer)
}

func (o *oracle) close() error {
	if err := o.in.Close(); err != nil {
		return err
	}
	return o.cmd.Wait()
}
