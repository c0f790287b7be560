using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Writes pickles opcode by opcode, proper ones and others.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public static PickleWriter Start(byte protocol = 2) => new PickleWriter().Raw(0x80, protocol);

    public byte[] ToArray() => _bytes.ToArray();

    /// <summary>The pickle with STOP behind it.</summary>
    public byte[] Stop() => Op('.').ToArray();

    public PickleWriter Raw(params byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public PickleWriter Op(char opcode)
    {
        _bytes.WriteByte((byte)opcode);
        return this;
    }

    public PickleWriter Repeat(int count, Action<PickleWriter> write)
    {
        for (int i = 0; i < count; i++)
        {
            write(this);
        }

        return this;
    }

    public PickleWriter Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X').UInt32((uint)utf8.Length).Raw(utf8);
    }

    public PickleWriter UInt32(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }

    /// <summary>A whole number by LONG1.</summary>
    public PickleWriter Long(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, sizeof(long)).Raw(bytes);
    }

    public PickleWriter Bool(bool value) => Raw(value ? (byte)0x88 : (byte)0x89);

    public PickleWriter Global(string module, string name) => Op('c').Raw(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleWriter Numbers(params long[] values)
    {
        Op('(');
        foreach (long value in values)
        {
            Long(value);
        }

        return Op('t');
    }
}
