// Fetches feeds at once, reads them with gofeed, merges, writes one JSON file: FEEDS OUT AT_ONCE TIMEOUT.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mmcdole/gofeed"
)

type item struct {
	URL     string     `json:"url"`
	Title   string     `json:"title"`
	Summary string     `json:"summary"`
	Date    *time.Time `json:"date"`
	Source  string     `json:"source"`
}

func main() {
	feeds, err := os.ReadFile(os.Args[1])
	check(err)
	atOnce, err := strconv.Atoi(os.Args[3])
	check(err)
	timeout, err := strconv.Atoi(os.Args[4])
	check(err)
	client := &http.Client{
		Timeout:   time.Duration(timeout) * time.Second,
		Transport: &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce},
	}

	var all sync.WaitGroup
	var lock sync.Mutex
	limit := make(chan struct{}, atOnce)
	items, seen, failed := []item{}, map[string]bool{}, false
	for _, url := range strings.Fields(string(feeds)) {
		all.Add(1)
		go func(url string) {
			defer all.Done()
			limit <- struct{}{}
			defer func() { <-limit }()
			// A parser is not for several at once.
			parser := gofeed.NewParser()
			parser.Client = client
			feed, err := parser.ParseURL(url)
			lock.Lock()
			defer lock.Unlock()
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", url, err)
				failed = true
				return
			}
			for _, entry := range feed.Items {
				if seen[entry.Link] {
					continue
				}
				seen[entry.Link] = true
				date := entry.PublishedParsed
				if date == nil {
					date = entry.UpdatedParsed
				}
				items = append(items, item{entry.Link, entry.Title, entry.Description, date, url})
			}
		}(url)
	}
	all.Wait()
	sort.Slice(items, func(a, b int) bool {
		return items[a].Date != nil && (items[b].Date == nil || items[a].Date.After(*items[b].Date))
	})
	file, err := os.Create(os.Args[2])
	check(err)
	check(json.NewEncoder(file).Encode(items))
	check(file.Close())
	if failed {
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
