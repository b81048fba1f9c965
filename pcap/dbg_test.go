package pcap
import ("testing";"bytes";"io";"slices";"github.com/klauspost/compress/zstd")
func TestDbg(t *testing.T){
 in := benchCapture(1<<20, false)
 whole := zstandard(t,in)
 for _, k := range []int{1,2,3,4,5,6,7,20}{
  bad := slices.Clone(whole); bad[len(bad)-k]^=1
  all,_,_ := read(t,in,blockSize)
  got,c,err := read(t,bad,4096)
  z,_ := zstd.NewReader(bytes.NewReader(bad), zstd.WithDecoderConcurrency(1))
  p,e := io.ReadAll(z)
  t.Log(k,len(all),len(got),c,err,"|",len(p),len(in),e, bytes.Equal(p,in))
 }
}
