using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tool;

/// <summary>A file of embeddings in the format of its ending; it appears when it is whole.</summary>
internal sealed class EmbeddingsFile : IDisposable
{
    /// <summary>NumPy's format 1.0: its header, padded so that the numbers begin at a multiple of 64.</summary>
    private const int NumpyHeaderLength = 128;

    private readonly string _ending;
    private readonly int _embeddingSize;
    private readonly WholeFile _file;

    /// <summary>The paths of a .npy, which holds numbers alone.</summary>
    private readonly WholeFile? _paths;

    /// <param name="path">The file.</param>
    /// <param name="embeddingSize">Numbers of a vector.</param>
    /// <param name="hasFaces">Whether each vector comes with its face's place.</param>
    public EmbeddingsFile(string path, int embeddingSize, bool hasFaces)
    {
        (_ending, _embeddingSize) = (Path.GetExtension(path).ToLowerInvariant(), embeddingSize);
        _file = new WholeFile(path);
        try
        {
            _paths = _ending == ".npy" ? new WholeFile(Path.ChangeExtension(path, ".txt")) : null;
            if (_ending == ".csv")
            {
                WriteLine(_file, string.Join(',', [.. (string[])["path"], .. hasFaces ? FaceColumns : [], .. Enumerable.Range(0, embeddingSize).Select(number => $"e{number}")]));
            }
            else if (_paths is not null)
            {
                _file.Stream.Write(new byte[NumpyHeaderLength]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The columns of a face in a .csv, behind the path.</summary>
    private static string[] FaceColumns { get; } = ["face", "x", "y", "width", "height", "detection_score"];

    public static string[] Endings { get; } = [".csv", ".jsonl", ".npy"];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    public void Add(string path, float[] vector)
    {
        Count++;
        switch (_ending)
        {
            case ".csv":
                WriteLine(_file, string.Join(',', [Quoted(ShownName.Of(path)), .. vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture))]));
                break;
            case ".jsonl":
                WriteLine(_file, ToolJson.Write(new EmbeddingFacts(path, vector)));
                break;
            default:
                WriteLine(_paths!, ShownName.Of(path));
                _file.Stream.Write(MemoryMarshal.AsBytes<float>(vector));
                break;
        }
    }

    /// <summary>Adds a face of a photograph.</summary>
    /// <param name="path">The photograph.</param>
    /// <param name="face">Which face it is, from 1.</param>
    /// <param name="embedded">The face.</param>
    public void Add(string path, int face, EmbeddedFace embedded)
    {
        Count++;
        switch (_ending)
        {
            case ".csv":
                float?[] place = embedded.Box is { } box ? [box.X, box.Y, box.Width, box.Height] : new float?[4];
                WriteLine(_file, string.Join(',',
                [
                    Quoted(ShownName.Of(path)), face.ToString(CultureInfo.InvariantCulture), .. place.Select(value => value?.ToString("R", CultureInfo.InvariantCulture) ?? ""),
                    embedded.DetectionScore?.ToString("R", CultureInfo.InvariantCulture) ?? "", .. embedded.Embedding.Vector.Select(value => value.ToString("R", CultureInfo.InvariantCulture)),
                ]));
                break;
            case ".jsonl":
                WriteLine(_file, ToolJson.Write(new FaceEmbeddingFacts(path, face, FacePlace.Of(embedded.Box), embedded.DetectionScore, embedded.Embedding.Vector)));
                break;
            default:
                WriteLine(_paths!, string.Create(CultureInfo.InvariantCulture, $"{ShownName.Of(path)}\t{face}"));
                _file.Stream.Write(MemoryMarshal.AsBytes<float>(embedded.Embedding.Vector));
                break;
        }
    }

    public void Complete()
    {
        if (_paths is null)
        {
            _file.Complete();
            return;
        }

        _file.Stream.Position = 0;
        _file.Stream.Write(NumpyHeader());
        WholeFile.CompleteTogether(_paths, _file);
    }

    public void Dispose()
    {
        _file.Dispose();
        _paths?.Dispose();
    }

    private static void WriteLine(WholeFile file, string line) => file.Stream.Write(Encoding.UTF8.GetBytes(line + '\n'));

    private byte[] NumpyHeader()
    {
        string shape = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({Count}, {_embeddingSize}), }}");
        const int preamble = 10;                               // magic, version 1.0, length of the rest
        return [0x93, .. "NUMPY"u8, 1, 0, NumpyHeaderLength - preamble, 0, .. Encoding.ASCII.GetBytes(shape.PadRight(NumpyHeaderLength - preamble - 1)), (byte)'\n'];
    }

    /// <summary>Quotes a field by RFC 4180; line ends within are written as \u000A, so that each photograph has one line.</summary>
    private static string Quoted(string text) => text.AsSpan().ContainsAny(',', '"') ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}

/// <summary>Holds a line of a .jsonl.</summary>
internal sealed record EmbeddingFacts(string Path, float[] Embedding) : ToolFacts;

/// <summary>Holds a line of a .jsonl of all faces; they are counted from 1.</summary>
internal sealed record FaceEmbeddingFacts(string Path, int Face, FacePlace? Box, double? DetectionScore, float[] Embedding) : ToolFacts;
