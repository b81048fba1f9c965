package filter

// An Instruction is one of classic BPF, laid out as the kernel's struct sock_filter:
// convert a slice of them field by field, or as memory, to unix.SockFilter.
type Instruction struct {
	Op     uint16 // class, size, mode and operation
	Jt, Jf uint8  // instructions to skip if a test holds, and if not
	K      uint32 // constant, offset or scratch register
}

// Parts of Instruction.Op (McCanne and Jacobson, "The BSD Packet Filter", 1993).
const (
	classLD   = 0x00
	classLDX  = 0x01
	classST   = 0x02
	classSTX  = 0x03
	classALU  = 0x04
	classJMP  = 0x05
	classRET  = 0x06
	classMISC = 0x07

	sizeW = 0x00
	sizeH = 0x08
	sizeB = 0x10

	modeIMM = 0x00
	modeABS = 0x20
	modeIND = 0x40
	modeMEM = 0x60
	modeLEN = 0x80
	modeMSH = 0xa0

	aluAdd = 0x00
	aluSub = 0x10
	aluMul = 0x20
	aluDiv = 0x30
	aluOr  = 0x40
	aluAnd = 0x50
	aluLsh = 0x60
	aluRsh = 0x70
	aluNeg = 0x80
	aluMod = 0x90
	aluXor = 0xa0

	jmpA   = 0x00
	jmpEQ  = 0x10
	jmpGT  = 0x20
	jmpGE  = 0x30
	jmpSet = 0x40

	srcX = 0x08

	miscTAX = 0x00
	miscTXA = 0x80
)

// scratchWords is the number of scratch registers.
const scratchWords = 16

// Loads from adBase on ask the Linux kernel for what stands beside the packet.
const (
	adBase        = 1<<32 - 0x1000
	adProtocol    = adBase + 0  // EtherType
	adPacketType  = adBase + 4  // PACKET_HOST and so on
	adIfindex     = adBase + 8  // of the receiving device
	adHatype      = adBase + 28 // ARPHRD_
	adVLANTag     = adBase + 44 // of the tag that was taken out of the frame
	adVLANPresent = adBase + 48 // 1 if there was one
)

var adNames = map[uint32]string{
	adProtocol: "proto", adPacketType: "type", adIfindex: "ifidx", adHatype: "hatype",
	adVLANTag: "vlan_tci", adVLANPresent: "vlanp",
}
