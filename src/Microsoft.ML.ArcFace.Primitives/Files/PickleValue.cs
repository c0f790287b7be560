using System.Text;

namespace Microsoft.ML.ArcFace.Files;

// What a pickle can hold here: null (None), bool, long, double, BigInteger, and the following.

/// <summary>Text or bytes, left where they lie in the source.</summary>
/// <param name="Position">Where the first byte is.</param>
/// <param name="Length">How many bytes there are.</param>
/// <param name="Kind">What Python would see in them.</param>
internal sealed record PickleText(long Position, int Length, PickleTextKind Kind)
{
    /// <summary>As bytes, whatever way Python wrote them.</summary>
    /// <exception cref="PickleException">Characters that stand for bytes are none.</exception>
    public byte[] ReadBytes(ByteSource source)
    {
        byte[] bytes = GC.AllocateUninitializedArray<byte>(Length);
        source.Read(Position, bytes);
        if (Kind != PickleTextKind.BytesInUtf8)
        {
            return bytes;
        }

        // In place: what two bytes stood for becomes one.
        int count = 0;
        for (int at = 0; at < bytes.Length; count++)
        {
            if (Rune.DecodeFromUtf8(bytes.AsSpan(at), out Rune character, out int consumed) != System.Buffers.OperationStatus.Done || character.Value > byte.MaxValue)
            {
                throw new PickleException($"the bytes at position {Position} were written as text, but hold other characters than bytes");
            }

            bytes[count] = (byte)character.Value;
            at += consumed;
        }

        return bytes[..count];
    }

    /// <summary>As text; longer than <paramref name="mostBytes"/> is refused.</summary>
    public string Read(ByteSource source, int mostBytes = 4096)
    {
        if (Length > mostBytes)
        {
            throw new PickleException($"the text at position {Position} has {Length} bytes; at most {mostBytes} are allowed for a name");
        }

        byte[] bytes = new byte[Length];
        source.Read(Position, bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}

internal enum PickleTextKind
{
    /// <summary>Python's str, in UTF-8.</summary>
    Unicode,

    /// <summary>Python 3's bytes.</summary>
    Bytes,

    /// <summary>A string of Python 2, which may be either.</summary>
    Python2,

    /// <summary>Bytes that were written as the UTF-8 of a str whose characters are these bytes (Python 3, protocols 0 to 2).</summary>
    BytesInUtf8,
}

/// <summary>A tuple.</summary>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A list. Like everything that can be changed it may contain itself.</summary>
internal sealed record PickleList(List<object?> Items);

/// <summary>A dictionary in the order of its items, also those of equal keys.</summary>
internal sealed record PickleDictionary(List<KeyValuePair<object?, object?>> Items);

/// <summary>A pickle is damaged, or asks for more than data. The message is a part of a sentence.</summary>
internal sealed class PickleException(string message) : FormatException(message);
