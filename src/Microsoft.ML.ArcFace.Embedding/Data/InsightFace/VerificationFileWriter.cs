using System.Buffers.Binary;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Progress;

namespace Microsoft.ML.ArcFace.Data.InsightFace;

/// <summary>Writes a .bin of pairs: a pickle (protocol 3) of the list of images as bytes and the list of truth values.</summary>
internal static class VerificationFileWriter
{
    /// <summary>Items that Python puts into a list at a time.</summary>
    private const int BatchSize = 1000;

    /// <exception cref="InvalidOperationException">There are no pairs.</exception>
    /// <exception cref="FaceImageException">A picture cannot be read.</exception>
    public static void Write(IReadOnlyDictionary<string, string> pathOfPicture, IReadOnlyList<FacePair> pairs, string path, WorkObserver observer)
    {
        string[] pictures = [.. pairs.SelectMany(pair => new[] { pair.First, pair.Second })];
        if (pairs.Count == 0)
        {
            throw new InvalidOperationException("There are no pairs to write.");
        }

        using var file = new WholeFile(path);
        using WorkMeter meter = observer.Begin("photographs packed", pictures.Length);
        file.Stream.Write([0x80, 3]);                                                        // PROTO 3
        WriteList(file.Stream, pictures, picture =>
        {
            WriteBytes(file.Stream, Checked(pathOfPicture[picture]));
            meter.Advance();
        });
        WriteList(file.Stream, pairs, pair => file.Stream.WriteByte(pair.IsSamePerson ? (byte)0x88 : (byte)0x89));
        file.Stream.Write([0x86, (byte)'.']);                                                // TUPLE2, STOP
        file.Complete();
    }

    private static byte[] Checked(string path)
    {
        byte[] bytes = FaceImage.ReadFile(path);
        FaceImage.FromBytes(bytes, $"'{path}'").Dispose();
        return bytes;
    }

    private static void WriteList<T>(Stream stream, IReadOnlyList<T> items, Action<T> write)
    {
        stream.WriteByte((byte)']');
        foreach (T[] batch in items.Chunk(BatchSize))
        {
            stream.WriteByte((byte)'(');
            Array.ForEach(batch, write);
            stream.WriteByte((byte)'e');
        }
    }

    private static void WriteBytes(Stream stream, byte[] bytes)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)bytes.Length);
        stream.WriteByte((byte)'B');
        stream.Write(length);
        stream.Write(bytes);
    }
}
