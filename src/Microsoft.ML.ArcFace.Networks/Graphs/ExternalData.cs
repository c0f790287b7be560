using System.Globalization;
using Google.Protobuf;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Graphs;

/// <summary>
/// Brings the numbers that a graph keeps in files beside it into the graph. A name in a graph comes from whoever wrote it, so nothing
/// is read but files of the same folder, each once, and no more bytes than a graph may have with all of them.
/// </summary>
/// <param name="folder">The folder of the graph's file.</param>
/// <param name="mostBytes">The most bytes that the files may have together.</param>
internal sealed class ExternalData(string folder, long mostBytes)
{
    private const int LongestName = 255;

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    /// <summary>The bytes that were read so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Tells whether the numbers of a tensor lie in another file.</summary>
    public static bool HasNumbersOf(TensorProto tensor) => tensor.DataLocation == TensorProto.Types.DataLocation.External || tensor.ExternalData.Count > 0;

    /// <summary>Puts the numbers of a tensor into it, if they lie in another file.</summary>
    /// <exception cref="WeightsFormatException">The file is not beside the graph, is too large, or too short for the tensor; the message names tensor and file.</exception>
    public void Embed(TensorProto tensor, string where)
    {
        if (!HasNumbersOf(tensor))
        {
            return;
        }

        string location = Entry(tensor, "location", where) ?? throw new WeightsFormatException($"{Named(tensor, where)} lies in another file, which it does not name: the graph is damaged.");
        if (!IsPlainName(location))
        {
            throw new WeightsFormatException($"{Named(tensor, where)} lies in '{ShownName.Of(location)}'; read are files of the graph's own folder, by their names alone. Save the network as one .onnx file, or with its data beside it.");
        }

        byte[] file = FileOf(location, tensor, where);
        long count = GraphTensor.ByteCount(tensor, where), offset = Number(tensor, "offset", where) ?? 0, length = Number(tensor, "length", where) ?? count;
        if (length != count || offset > file.Length - length)
        {
            throw new WeightsFormatException($"{Named(tensor, where)} has {count} bytes, which '{ShownName.Of(location)}' does not have: it says {length} from {offset} on, and the file has {file.Length}. One of the files is damaged, or they are of different networks.");
        }

        tensor.RawData = UnsafeByteOperations.UnsafeWrap(file.AsMemory((int)offset, (int)length));
        tensor.FloatData = tensor.DoubleData = tensor.Int32Data = tensor.Int64Data = tensor.Uint64Data = ByteString.Empty;
        tensor.ExternalData.Clear();
        tensor.DataLocation = TensorProto.Types.DataLocation.Default;
    }

    private byte[] FileOf(string location, TensorProto tensor, string where)
    {
        if (_files.TryGetValue(location, out byte[]? known))
        {
            return known;
        }

        string path = Path.Combine(folder, location), shown = ShownName.Of(location);
        try
        {
            if (File.ResolveLinkTarget(path, returnFinalTarget: false) is not null)
            {
                throw new WeightsFormatException($"{Named(tensor, where)} lies in '{shown}', which is a link. Put the file itself beside the graph.");
            }

            byte[] bytes = _files[location] = RegularFile.ReadAllBytes(path, mostBytes - Bytes);
            Bytes += bytes.Length;
            return bytes;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WeightsFormatException($"{Named(tensor, where)} lies in '{shown}', which is not beside the graph. Put it into the same folder; both files make the network.", error);
        }
        catch (InvalidDataException error)
        {
            throw new WeightsFormatException($"{Named(tensor, where)} lies in '{shown}', which is too large: {error.Message}, where {mostBytes - Bytes} are left of those that a graph and its data may have.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new WeightsFormatException($"{Named(tensor, where)} lies in '{shown}', which cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Tells whether this is the name of a file on every system, without folder, drive or stream.</summary>
    private static bool IsPlainName(string location) =>
        location.Length is > 0 and <= LongestName && location is not ("." or "..") && !location.AsSpan().ContainsAny("/\\:") && !location.Any(char.IsControl);

    private static long? Number(TensorProto tensor, string key, string where) => Entry(tensor, key, where) is not { } text ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw new WeightsFormatException($"{Named(tensor, where)} has the {key} '{ShownName.Of(text)}' in another file, where a number of 0 and more is due.");

    private static string? Entry(TensorProto tensor, string key, string where)
    {
        string[] values = [.. tensor.ExternalData.Where(entry => entry.Key == key).Select(entry => entry.Value)];
        return values.Length < 2 ? values.FirstOrDefault() : throw new WeightsFormatException($"{Named(tensor, where)} says its {key} in another file {values.Length} times: the graph is damaged.");
    }

    private static string Named(TensorProto tensor, string where) => $"The tensor '{tensor.Name}' of {where}";
}
