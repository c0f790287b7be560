using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>
/// The names that a .bin of pairs needs besides plain bytes: Python 3's way to write bytes in protocol 2, and NumPy's
/// arrays of uint8, which hold the encoded image.
/// </summary>
internal sealed class VerificationVocabulary(ByteSource source) : PickleVocabulary
{
    private const string Remedy = "A .bin of pairs is a pickle of a list of images and a list of truth values.";

    private enum Name
    {
        Encode,
        Reconstruct,
        FromBuffer,
        ArrayClass,
        TypeClass,
        UInt8,
    }

    public override object Global(string module, string name) => (module, name) switch
    {
        ("_codecs", "encode") => Name.Encode,
        ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct") => Name.Reconstruct,
        ("numpy.core.numeric" or "numpy._core.numeric", "_frombuffer") => Name.FromBuffer,
        ("numpy", "ndarray") => Name.ArrayClass,
        ("numpy", "dtype") => Name.TypeClass,
        _ => throw Unknown(module, name, Remedy),
    };

    public override object? Call(object? callable, PickleTuple arguments) => (callable, arguments.Items) switch
    {
        (Name.Encode, [PickleText { Kind: PickleTextKind.Unicode } text, PickleText encoding]) when encoding.Read(source) is "latin1" or "latin-1" =>
            text with { Kind = PickleTextKind.BytesInUtf8 },
        (Name.Reconstruct, [Name.ArrayClass, ..]) => new ByteArray(),
        (Name.FromBuffer, [PickleText data, Name.UInt8, ..]) => data,
        (Name.TypeClass, [PickleText type, ..]) => type.Read(source) is "u1" or "|u1"
            ? Name.UInt8
            : throw new PickleException($"it holds an array of '{type.Read(source)}'; images are arrays of 'u1', the bytes of an encoded image"),
        _ => throw new PickleException("it calls what is no function for bytes or arrays of bytes (REDUCE)"),
    };

    public override void Build(object? target, object? state)
    {
        switch (target, state)
        {
            // Byte order and the like of uint8.
            case (Name.UInt8, PickleTuple):
                break;

            // Version, shape, type, order, data.
            case (ByteArray array, PickleTuple { Items: [long, PickleTuple, Name.UInt8, bool, PickleText data] }):
                array.Data = data;
                break;

            default:
                base.Build(target, state);
                break;
        }
    }

    /// <summary>A NumPy array of uint8; its state comes after it.</summary>
    internal sealed class ByteArray
    {
        public PickleText? Data { get; set; }
    }
}
