package engine

import (
	"cmp"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"pinyon/account"
	"pinyon/filter"
	"pinyon/flow"
	"pinyon/packet"
	"pinyon/source"
)

// Seeds of the hash that picks the shard under key 0. Under a limit on flows they decide which
// ones are evicted, so they never change.
const (
	shardSeed0 = 0x2d358dccaa6c78a5
	shardSeed1 = 0x8bb84b93962eacc9
)

// shardSeeds are the seeds of a key, by SplitMix64 (see mix).
func shardSeeds(key uint64) [2]uint64 {
	if key == 0 {
		return [2]uint64{shardSeed0, shardSeed1}
	}
	return [2]uint64{mix(key), mix(key + gamma)}
}

// item is a packet on its way to its flow.
type item struct {
	packet.Packet
	key     flow.Key
	hash    uint64
	clock   int64
	swapped bool
}

// epoch is a run of packets of one input, by shard.
type epoch struct {
	items  []item
	n      int
	part   [Shards][]uint16 // positions in items
	now    int64            // capture clock at the cut
	input  int
	last   bool // the input ends here
	live   bool
	blocks []*packet.Block
	left   atomic.Int32       // workers that have not done it yet
	cut    time.Time          // when its last packet had been read; of a live one with packets
	took   *account.Histogram // that counts how long it takes from then on; nil counts nothing
}

func newEpoch() *epoch { return &epoch{items: make([]item, epochPackets)} }

func (e *epoch) reset() {
	e.release()
	e.n, e.last, e.took = 0, false, nil
	for i := range e.part {
		e.part[i] = e.part[i][:0]
	}
}

// done is called when the flows have the packets, and the rows that were complete went on.
func (e *epoch) done() {
	if e.took != nil {
		e.took.Observe(time.Since(e.cut))
	}
	e.release()
}

func (e *epoch) release() {
	for _, b := range e.blocks {
		b.Release()
	}
	e.blocks = e.blocks[:0]
}

// reader cuts inputs into epochs.
type reader struct {
	opt     *Options
	account *Account
	shards  uint64 // 1 or Shards
	seed0   uint64
	seed1   uint64
	pick    [2]uint64 // seeds of the hash that picks the shard

	begun  []bool // of the run; nil of a session
	src    source.Source
	dec    packet.Decoder
	clock  flow.Clock
	frags  fragments
	input  int     // position of the input at hand
	report *Report // of it; the reader writes its Intake once the input ends
	in     Intake
	frame  packet.Frame
	gaps   uint32       // of this input so far: where its source lost packets
	number uint64       // records of this input so far
	union  source.Union // the source, if it is one; otherwise nil

	filter *filter.Set // nil takes all
	live   bool
	own    source.Clock       // of a live source with a clock of its own; otherwise nil
	took   *account.Histogram // of what kind of input it is
	opened time.Time          // when the input was
	lag    time.Duration
	seen   time.Time // when its latest record was at hand; live only
	asked  time.Time // when a live source was last asked for its statistics
}

// open starts input i. It returns false if it cannot be read at all.
func (r *reader) open(i int, in Input, rep *Report) bool {
	r.begin(i, in.Name, rep)
	if r.begun != nil {
		r.begun[i] = true
	}
	src, err := in.Open()
	if err != nil {
		return r.fail(err)
	}
	r.src = src
	r.union, _ = src.(source.Union)
	r.live, r.seen, r.asked, r.lag = in.Live, time.Now(), time.Time{}, 0
	mode := account.ModeFile
	if r.live {
		mode = cmp.Or(in.Mode, account.ModeLive)
	}
	r.took = r.account.Took(mode)
	if r.own = nil; r.live {
		r.own, _ = src.(source.Clock)
	}
	if !r.live {
		if err := r.compile(); err != nil {
			r.close()
			return r.fail(err)
		}
	}
	return true
}

// begin makes ready for input i.
func (r *reader) begin(i int, name string, rep *Report) {
	*rep = Report{Name: name}
	r.took, r.opened = nil, time.Now()
	r.input, r.report, r.in = i, rep, Intake{}
	r.dec = packet.Decoder{Decap: r.opt.Decap}
	r.clock = flow.NewClock(r.opt.Flow.Timeout, max(r.opt.Flow.Active, r.opt.Flow.CloseDelay, fragmentMemory))
	r.frags.reset()
	r.number, r.gaps, r.union = 0, 0, nil
	r.frame.Process = 0 // which files do not touch
	r.filter = nil
}

// compile makes the filter ready, if there is one.
func (r *reader) compile() (err error) {
	if r.opt.Filter != "" {
		r.filter, err = filter.NewSet(r.opt.Filter, r.opt.Filtering)
	}
	return err
}

// fail notes that the input cannot be read.
func (r *reader) fail(err error) bool {
	r.report.Err = err
	r.account.Ended(r.input, &r.in, err)
	return false
}

// fill reads the next epoch of the input; e.last is set on its final one.
func (r *reader) fill(e *epoch) {
	e.reset()
	e.live = r.live
	var start int64 // of a live epoch, by its first record
	f := &r.frame
	stop := r.opt.Stop != nil && r.opt.Stop.Load()
	// A record that is no packet of a flow still counts as read: without packets an epoch
	// ends after as many records as would fill it many times over.
	records := 0
	for ; e.n < len(e.items) && records < 64*epochPackets; records++ {
		if stop {
			r.end(e, nil)
			return
		}
		if r.live && records > 0 && !r.src.Ready() {
			break // rather than hold its blocks while it waits
		}
		if err := r.src.Next(f); err != nil {
			if r.live && err == source.ErrTimeout {
				break
			}
			r.end(e, err)
			return
		}
		if err := r.put(e, f); err != nil {
			r.end(e, err)
			return
		}
		if r.live {
			if records == 0 {
				start = f.TS
			} else if f.TS-start > liveEpoch {
				records++
				break
			}
		}
	}
	e.now = r.clock.Now()
	if r.live {
		if silence := r.silence(records); r.own == nil {
			e.now += silence
		} else {
			e.now = r.clock.At(r.own.Clock())
		}
		if e.n > 0 {
			e.cut, e.took = time.Now(), r.took
		}
	}
	r.count()
}

// put takes a record of the input into the epoch, which has room, unless something drops it.
func (r *reader) put(e *epoch, f *packet.Frame) error {
	r.number++
	number := f.Number & packet.NumberMask
	switch {
	case r.union != nil:
	case number > r.number:
		r.number = number // the source passed over records that count
	default:
		number = r.number
	}
	if f.Gap {
		r.gaps++
	}
	if r.filter != nil {
		ok, err := r.filter.Match(f)
		if err != nil {
			return err
		}
		if !ok {
			r.in.Filtered++
			return nil
		}
	}
	var now int64
	if r.union == nil {
		now = r.clock.Tick(f.TS)
	} else {
		now = r.clock.Follow(r.union.Time(), f.TS)
	}
	if r.opt.Rate < 1 && !keep(r.opt.Seed+number-1, r.opt.Rate) {
		r.in.Sampled++
		return nil
	}
	it := &e.items[e.n]
	if !r.dec.Decode(f, &it.Packet) {
		return nil
	}
	orphan := it.Has&packet.HasFragment != 0 && !r.frags.apply(&it.Packet, r.opt.KeyVLAN, now)
	it.swapped = flow.MakeKey(&it.key, &it.Packet, r.opt.KeyVLAN)
	if r.opt.Edge != nil && r.opt.Edge(f, &it.key, now) {
		r.in.EdgeOut++
		return nil
	}
	if orphan {
		r.in.Orphans++
	}
	if b := f.Block; b != nil && (len(e.blocks) == 0 || e.blocks[len(e.blocks)-1] != b) {
		b.Retain()
		e.blocks = append(e.blocks, b)
	}
	it.Gaps = r.gaps
	it.hash = it.key.Hash(r.seed0, r.seed1)
	it.clock = now
	shard := uint64(0)
	if r.shards > 1 {
		shard = it.key.Hash(r.pick[0], r.pick[1]) >> 58
	}
	e.part[shard] = append(e.part[shard], uint16(e.n))
	e.n++
	r.see(&it.Packet)
	return nil
}

// silence is how far the capture clock stands beyond the latest record because nothing has
// come since; records is how many came just now.
func (r *reader) silence(records int) int64 {
	now := time.Now()
	if r.lag = 0; records > 0 {
		r.seen, r.lag = now, time.Duration(now.UnixNano()-r.frame.TS)
		return 0
	}
	return max(0, int64(now.Sub(r.seen)-liveLag))
}

func (r *reader) see(it *packet.Packet) {
	in, ts := &r.in, it.TS
	if in.Packets == 0 || ts < in.First {
		in.First = ts
	}
	if in.Packets == 0 || ts > in.Last {
		in.Last = ts
	}
	in.Packets++
	in.Bytes += uint64(it.TotalLen)
}

// count brings the counts up to date that are kept elsewhere, and publishes all.
func (r *reader) count() {
	r.in.Records, r.in.Decode, r.in.Late = r.number, r.dec.Counts, r.clock.Late()
	r.in.Datagrams = uint64(r.frags.most)
	// A device asks the system for its sums.
	if !r.live {
		r.in.Source = r.src.Stats()
	} else if now := time.Now(); now.Sub(r.asked) >= statsEvery {
		r.asked, r.in.Source = now, r.src.Stats()
	}
	if r.live {
		r.account.Live(r.input, r.report.Name, &r.in, r.lag)
	} else {
		r.account.Reading(r.input, r.report.Name, &r.in)
	}
}

// end closes the input and makes e its last epoch.
func (r *reader) end(e *epoch, err error) {
	rep := r.report
	if err != nil && !errors.Is(err, io.EOF) {
		rep.Err = err
	}
	if err := r.src.Close(); err != nil && rep.Err == nil {
		rep.Err = err
	}
	r.asked = time.Time{} // the sums of the whole are final now
	r.count()
	rep.Intake = r.in
	r.account.Ended(r.input, &r.in, rep.Err)
	if !r.live {
		r.took.Observe(time.Since(r.opened))
	}
	e.now, e.last = r.clock.Now(), true
	if r.union != nil {
		e.now = max(e.now, r.union.End())
	}
	r.src, r.union = nil, nil
}

// close gives up an input half way.
func (r *reader) close() {
	if r.src != nil {
		r.src.Close()
		r.src = nil
	}
}

// keep decides on the record of a number: the first output of SplitMix64 (Steele, Lea and
// Flood 2014) with that state, as a fraction of 2⁶⁴, below the rate.
func keep(state uint64, rate float64) bool {
	return float64(mix(state))/(1<<64) < rate
}

// gamma is the step of SplitMix64's state.
const gamma = 0x9e3779b97f4a7c15

// mix is the first output of SplitMix64 with a state.
func mix(state uint64) uint64 {
	z := state + gamma
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
