// What an idle connection costs Go in memory: the same server as go-echo's, and the clients in a child process.
//
//	go-memory --connections N --step K
//
// A point is what the garbage collector has left in use (objects of the heap, and stacks), what the runtime has from the
// kernel in all, and the memory that the process occupies.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const buffer = 4096

type point struct {
	Connections int    `json:"connections"`
	Live        uint64 `json:"live_bytes"`
	Stacks      uint64 `json:"stack_bytes"`
	System      uint64 `json:"system_bytes"`
	Resident    uint64 `json:"rss_bytes"`
}

type report struct {
	Name          string  `json:"name"`
	Readable      bool    `json:"readable"`
	Buffer        int     `json:"buffer"`
	Points        []point `json:"points"`
	SlopeLive     float64 `json:"slope_live"`
	SlopeResident float64 `json:"slope_rss"`
}

func main() {
	connections := flag.Int("connections", 9000, "how many connections there are in the end")
	step := flag.Int("step", 1000, "how many more there are at each point")
	server := flag.String("clients", "", "be the clients of the server at this address")
	flag.Parse()
	var err error
	switch {
	case flag.NArg() > 0:
		err = fmt.Errorf("unexpected argument %s", flag.Arg(0))
	case *server != "":
		err = clients(*server)
	case *step < 1:
		err = fmt.Errorf("--step must be at least 1")
	case *connections / *step < 2:
		err = fmt.Errorf("a slope needs two points: --connections is at least twice --step")
	default:
		err = measure(*connections, *step)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "go-memory: %s\n", err)
		os.Exit(1)
	}
}

func measure(connections, step int) error {
	runtime.GOMAXPROCS(1)
	config := net.ListenConfig{KeepAlive: -1}
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go serve(listener)
	program, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.Command(program, "--clients", listener.Addr().String())
	child.Stderr = os.Stderr
	orders, err := child.StdinPipe()
	if err != nil {
		return err
	}
	// The clients end when their input does.
	defer orders.Close()
	output, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	answers := bufio.NewReader(output)
	report := report{Name: "go", Buffer: buffer}
	for open := step; open <= connections; open += step {
		if _, err := fmt.Fprintln(orders, open); err != nil {
			return err
		}
		answer, err := answers.ReadString('\n')
		if err != nil || strings.TrimSpace(answer) != strconv.Itoa(open) {
			return fmt.Errorf("the clients ended before %d: %w", open, err)
		}
		point, err := settled(open)
		if err != nil {
			return err
		}
		report.Points = append(report.Points, point)
	}
	report.SlopeLive = slope(report.Points, func(p point) uint64 { return p.Live })
	report.SlopeResident = slope(report.Points, func(p point) uint64 { return p.Resident })
	return json.NewEncoder(os.Stdout).Encode(report)
}

func serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			fmt.Fprintf(os.Stderr, "go-memory: %s\n", err)
			os.Exit(1)
		}
		// An error ends this connection and nothing else.
		go func() {
			defer conn.Close()
			_ = echo(conn, make([]byte, buffer))
		}()
	}
}

func echo(conn net.Conn, buf []byte) error {
	for {
		read, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if _, err := conn.Write(buf[:read]); err != nil {
			return err
		}
	}
}

// What there is once nothing changes any more; the garbage is collected first, twice, for the first may leave some.
func settled(connections int) (point, error) {
	var before point
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
		runtime.GC()
		now, err := look(connections)
		if err != nil {
			return point{}, err
		}
		// The kernel's number moves by a page now and then.
		if now.Stacks == before.Stacks && difference(now.Live, before.Live) < 16<<10 {
			return now, nil
		}
		before = now
	}
	return point{}, fmt.Errorf("memory goes on changing with %d idle connections", connections)
}

func difference(a, b uint64) uint64 {
	if a > b {
		return a - b
	}
	return b - a
}

func look(connections int) (point, error) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return point{}, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" && fields[2] == "kB" {
			kibibytes, err := strconv.ParseUint(fields[1], 10, 64)
			return point{
				Connections: connections,
				Live:        stats.HeapAlloc + stats.StackInuse,
				Stacks:      stats.StackInuse,
				System:      stats.Sys,
				Resident:    kibibytes << 10,
			}, err
		}
	}
	return point{}, fmt.Errorf("no VmRSS")
}

// The slope of the line with the least squares.
func slope(points []point, of func(point) uint64) float64 {
	var x, y float64
	for _, p := range points {
		x += float64(p.Connections) / float64(len(points))
		y += float64(of(p)) / float64(len(points))
	}
	var along, squares float64
	for _, p := range points {
		dx := float64(p.Connections) - x
		along += dx * (float64(of(p)) - y)
		squares += dx * dx
	}
	return along / squares
}

// Opens as many clients as each line of standard input says, each with one echo.
func clients(server string) error {
	var open []net.Conn
	message := []byte(strings.Repeat("Z", 64))
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		wanted, err := strconv.Atoi(input.Text())
		if err != nil {
			return err
		}
		for len(open) < wanted {
			conn, err := net.Dial("tcp", server)
			if err != nil {
				return err
			}
			if _, err := conn.Write(message); err != nil {
				return err
			}
			answer := make([]byte, len(message))
			if _, err := io.ReadFull(conn, answer); err != nil {
				return err
			}
			if string(answer) != string(message) {
				return fmt.Errorf("what came back is not what was sent")
			}
			open = append(open, conn)
		}
		fmt.Println(wanted)
	}
	return input.Err()
}
