using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Counts what an ONNX file holds before it is parsed: two bytes can become an object of a hundred, so that the length of a
/// file alone does not bound the memory that parsing takes.
/// </summary>
internal ref struct GraphScan
{
    /// <summary>The greatest number of fields of a file. Published networks have some ten thousand, quantized ones a hundred thousand.</summary>
    public const int MostFields = 500_000;

    /// <summary>How deep messages may lie in each other; a constant of a graph is the fourth.</summary>
    private const int MostDepth = 32;

    private const int Varint = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    private long _fields;

    /// <summary>The messages that parsing makes objects of.</summary>
    private enum Message
    {
        Model, Graph, Node, Attribute, Tensor, Sparse, ValueInfo, Type, TensorType, Shape,

        /// <summary>A message of texts and numbers only.</summary>
        Leaf,

        /// <summary>Packed numbers, each byte of which can become one of eight.</summary>
        Numbers,
    }

    /// <summary>Refuses a file of too many fields. What is no protobuf is left to the parser.</summary>
    /// <exception cref="WeightsFormatException">There are too many, or they are nested too deep.</exception>
    public static void Check(ReadOnlySpan<byte> file)
    {
        var scan = default(GraphScan);
        scan.Read(file, Message.Model, depth: 0);
    }

    /// <summary>Walks over the fields of a message; false if it is damaged.</summary>
    private bool Read(ReadOnlySpan<byte> message, Message kind, int depth)
    {
        if (depth > MostDepth)
        {
            throw new WeightsFormatException($"Its graph has messages nested deeper than {MostDepth}. Export the network anew, without subgraphs.");
        }

        while (!message.IsEmpty)
        {
            Count(1);
            if (!TryVarint(ref message, out ulong tag))
            {
                return false;
            }

            int skipped;
            switch ((int)(tag & 7))
            {
                case Varint:
                    if (!TryVarint(ref message, out _))
                    {
                        return false;
                    }

                    continue;
                case Fixed64:
                    skipped = sizeof(ulong);
                    break;
                case Fixed32:
                    skipped = sizeof(uint);
                    break;
                case Delimited when TryVarint(ref message, out ulong length) && length <= (ulong)message.Length:
                    skipped = (int)length;
                    if (!Enter(message[..skipped], Part(kind, (int)(tag >> 3)), depth))
                    {
                        return false;
                    }

                    break;
                default:
                    return false;
            }

            if (skipped > message.Length)
            {
                return false;
            }

            message = message[skipped..];
        }

        return true;
    }

    private bool Enter(ReadOnlySpan<byte> part, Message? kind, int depth)
    {
        if (kind == Message.Numbers)
        {
            Count(part.Length);
            return true;
        }

        return kind is not { } message || Read(part, message, depth + 1);
    }

    private void Count(int more)
    {
        _fields += more;
        if (_fields > MostFields)
        {
            throw new WeightsFormatException($"It has more than {MostFields} fields, where networks of faces have some ten thousand, quantized ones a hundred thousand.");
        }
    }

    /// <summary>What a field of a message is; null: text or bytes.</summary>
    private static Message? Part(Message kind, int field) => (kind, field) switch
    {
        (Message.Model, 7) => Message.Graph,
        (Message.Model, 8 or 14 or 25) => Message.Leaf,
        (Message.Graph, 1) => Message.Node,
        (Message.Graph, 5) => Message.Tensor,
        (Message.Graph, 11 or 12 or 13) => Message.ValueInfo,
        (Message.Graph, 16) or (Message.Node, 9) => Message.Leaf,
        (Message.Graph, 15) or (Message.Attribute, 22 or 23) => Message.Sparse,
        (Message.Node, 5) => Message.Attribute,
        (Message.Attribute, 5 or 10) or (Message.Sparse, 1 or 2) => Message.Tensor,
        (Message.Attribute, 6 or 11) => Message.Graph,
        (Message.Attribute, 7 or 8) or (Message.Tensor, 1) => Message.Numbers,
        (Message.Tensor, 13) => Message.Leaf,
        (Message.ValueInfo, 2) => Message.Type,
        (Message.Type, 1) => Message.TensorType,
        (Message.TensorType, 2) => Message.Shape,
        (Message.Shape, 1) => Message.Leaf,
        _ => null,
    };

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int i = 0, shift = 0; i < bytes.Length && shift < 64; i++, shift += 7)
        {
            value |= (ulong)(bytes[i] & 0x7f) << shift;
            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
