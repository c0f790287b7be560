using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>safetensors, from a file and from a stream, which must agree. Mostly the header is damaged and its length made to fit.</summary>
internal sealed class SafetensorsTarget() : FuzzTarget("safetensors")
{
    // Up to 65,536 tensors and as many texts of metadata are described whatever they are long.
    public override long FixedAllowance => 40 << 20;

    public override IReadOnlyList<byte[]> Seeds { get; } =
    [
        File(("a.weight", ones(2, 3)), ("count", tensor(7L)), ("flags", tensor(new[] { true, false })), ("half", ones(5).to(ScalarType.Float16))),
        File(("x", zeros(0, 4)), ("y", ones(1).to(ScalarType.BFloat16)), ("z", ones(1, 1, 1, 2).to(ScalarType.Float64))),
        HandWritten("{}", []),
        HandWritten("""{"__metadata__":{"a":"b","architecture":"mbf"},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}    """, [1, 2, 3, 4]),
    ];

    public override IReadOnlyList<byte[]> Tokens { get; } = Texts(
        "{", "}", "[", "]", ",", ":", "\"", "-", "9", "1e9", "0.5", "null", "true", "\\u0000", "\\ud800", "\ufeff", "\0", "0", "18446744073709551616", "9223372036854775807", "4294967296",
        "\"F32\"", "\"BOOL\"", "\"shape\":[", "\"dtype\":\"U8\"", "\"data_offsets\":[0,4]", "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}", "\"__metadata__\":{", "/*", "//", "\"x\":");

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a shape of half a million sizes", HandWritten($$$"""{"x":{"dtype":"U8","data_offsets":[0,0],"shape":[{{{string.Join(',', Enumerable.Repeat('0', 1 << 19))}}}]}}""", [])),
        ("nesting", HandWritten("{\"x\":" + new string('[', 1 << 20), [])),
        ("an unknown member of a megabyte", HandWritten($$$"""{"x":{"dtype":"U8","data_offsets":[0,0],"shape":[0],"more":[{{{string.Join(',', Enumerable.Repeat('0', 1 << 19))}}}]}}""", [])),
        ("hundred thousand tensors of nothing", HandWritten("{" + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}")) + "}", [])),
        ("hundred thousand texts", HandWritten("""{"__metadata__":{""" + string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"{i:x}\":\"\"")) + "}}", [])),
        ("a name of a megabyte", HandWritten($$$"""{"{{{new string('x', 1 << 20)}}}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", [])),
        ("a number of a megabyte", HandWritten($$$"""{"x":{"dtype":"U8","shape":[{{{new string('1', 1 << 20)}}}],"data_offsets":[0,0]}}""", [])),
        ("an element type of a megabyte", HandWritten($$$"""{"x":{"dtype":"{{{new string('F', 1 << 20)}}}","shape":[0],"data_offsets":[0,0]}}""", [])),
        ("spaces", HandWritten("{" + new string(' ', 1 << 20) + "}", [])),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        byte[] seed = Seeds[random.Next(Seeds.Count)];
        if (random.Next(4) == 0)
        {
            return FileMutator.Mutate(random, seed, Seeds[random.Next(Seeds.Count)], Tokens);
        }

        int end = sizeof(ulong) + (int)BinaryPrimitives.ReadUInt64LittleEndian(seed);
        byte[] other = Seeds[random.Next(Seeds.Count)];
        byte[] header = FileMutator.Mutate(random, seed[sizeof(ulong)..end], other[sizeof(ulong)..], Tokens);
        return [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. seed[end..]];
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        (string[]? names, WeightsFormatException? refusal) = ReadStream(file);
        meter.Next();
        var source = new CountedSource(file);
        bool isSafetensors = !TorchCheckpoint.IsCheckpoint(source);
        using WeightsFile weights = OpenAlike(source, isSafetensors && names is not null);
        Require(!isSafetensors || names is not null, $"the file is read, the stream refused: {refusal?.Message}");
        meter.Next();
        long length = 0;
        foreach (StoredTensor stored in weights.Tensors)
        {
            length += stored.Elements.ByteCount;
            Require(stored.Elements.Position >= 0 && stored.Elements.Position + stored.Elements.ByteCount <= file.Length, $"'{stored.Name}' lies beyond the file");
            Require(!isSafetensors || stored.Shape.Aggregate(1L, (product, size) => checked(product * size)) == stored.Elements.Count, $"'{stored.Name}' has another number of elements than its shape");
        }

        Require(!isSafetensors || length + sizeof(ulong) + (long)BinaryPrimitives.ReadUInt64LittleEndian(file) == file.Length, "the tensors do not cover the data");
        Require(!isSafetensors || weights.Tensors.Select(stored => stored.Name).SequenceEqual(names!), "file and stream differ");
        WeightsCopies.Copy(weights, file.Length);
    }

    private static (string[]? Names, WeightsFormatException? Refusal) ReadStream(byte[] file)
    {
        try
        {
            return ([.. new SafetensorsReader(new MemoryStream(file)).Entries.Select(entry => entry.Name)], null);
        }
        catch (WeightsFormatException refusal)
        {
            return (null, refusal);
        }
    }

    private static WeightsFile OpenAlike(CountedSource source, bool mustBeRead)
    {
        try
        {
            return WeightsFile.Open(source);
        }
        catch (WeightsFormatException refusal) when (mustBeRead)
        {
            throw new FuzzException($"the stream is read, the file refused: {refusal.Message}");
        }
    }

    public static byte[] HandWritten(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data];
    }

    private static byte[] File(params (string, Tensor)[] tensors)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        foreach ((_, Tensor tensor) in tensors)
        {
            tensor.Dispose();
        }

        return stream.ToArray();
    }
}
