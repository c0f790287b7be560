using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// Reads one safetensors file from a stream, seekable or not: the header at once, the data when asked for. Nothing is
/// allocated by the file's word: data only go into tensors that exist already.
/// </summary>
internal sealed class SafetensorsReader
{
    private readonly Stream _stream;
    private readonly SafetensorsHeader _header;

    /// <summary>Reads and checks the header, from the stream's current position to its end; the stream stays open.</summary>
    /// <exception cref="WeightsFormatException">The header is damaged or, as far as the stream tells its length, the file has another length.</exception>
    public SafetensorsReader(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        Span<byte> lengthBytes = stackalloc byte[Safetensors.LengthSize];
        Fill(lengthBytes, "the length of the header");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        if (length > Safetensors.LargestHeaderLength)
        {
            throw new WeightsFormatException(
                $"The header of the weights claims {length} bytes; at most {Safetensors.LargestHeaderLength} are allowed. This is not a safetensors file, or it was altered.");
        }

        CheckRemaining((long)length, exactly: false);
        var json = new byte[length];
        Fill(json, "the header");
        _header = SafetensorsHeaderParser.Parse(json);
        DataBegin = Safetensors.LengthSize + json.Length;
        CheckRemaining(_header.DataLength, exactly: true);
    }

    /// <summary>Names, types and shapes, in the order of the header.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>Bytes before the data.</summary>
    public long DataBegin { get; }

    /// <summary>Bytes of data that the header names.</summary>
    public long DataLength => _header.DataLength;

    /// <summary>Free text that came with the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>
    /// Copies the data into the targets, whose names, types and shapes must be the file's: every difference is reported
    /// in one message before anything is copied. Call it once.
    /// </summary>
    /// <param name="targets">Tensors by name.</param>
    /// <exception cref="WeightsFormatException">
    /// The tensors do not fit (nothing was copied), or the data are truncated (what the targets hold is then undefined, and
    /// must not be used). That the numbers are those once written is for the caller to check, see <see cref="HashingStream"/>.
    /// </exception>
    public void CopyInto(IReadOnlyList<(string Name, WritableTensor Tensor)> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        var byName = targets.ToDictionary(target => target.Name, target => target.Tensor);
        CheckFit(byName);

        foreach (var entry in Entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            byName[entry.Name].Write(bytes =>
            {
                Fill(bytes, $"tensor '{entry.Name}'");
                CheckBooleans(entry, bytes);
            });
        }

        CheckEnd();
    }

    private void CheckFit(Dictionary<string, WritableTensor> targets)
    {
        var names = Entries.Select(entry => entry.Name).ToHashSet();
        WeightsMismatch.ThrowIfAny(
            missing: [.. targets.Keys.Where(name => !names.Contains(name))],
            surplus: [.. names.Where(name => !targets.ContainsKey(name))],
            ofAnotherKind: [.. Entries
                .Where(entry => targets.TryGetValue(entry.Name, out var target) && !(target.Type == entry.Type && target.Shape.AsSpan().SequenceEqual(entry.Shape)))
                .Select(entry => $"{entry.Name} ({entry.Describe()}, must be {targets[entry.Name].Describe()})")],
            remedy: "Use the architecture and options that the file was made with.");
    }

    private static void CheckBooleans(SafetensorsEntry entry, ReadOnlySpan<byte> bytes)
    {
        // Any other byte in a bool is undefined behaviour in native code.
        if (entry.Type == ElementType.Bool && bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) is >= 0 and var index)
        {
            throw new WeightsFormatException($"Tensor '{entry.Name}' holds the byte {bytes[index]} as a truth value; it must be 0 or 1.");
        }
    }

    private void CheckRemaining(long needed, bool exactly)
    {
        if (!_stream.CanSeek)
        {
            return;
        }

        var remaining = _stream.Length - _stream.Position;
        if (remaining < needed || (exactly && remaining > needed))
        {
            throw new WeightsFormatException(
                $"The weights have {remaining} bytes where {needed} are due: the file is {(remaining < needed ? "truncated" : "longer than its header says")}.");
        }
    }

    private void CheckEnd()
    {
        Span<byte> next = stackalloc byte[1];
        if (Guarded(next, static (stream, buffer) => stream.Read(buffer)) != 0)
        {
            throw new WeightsFormatException($"The weights go on after the {_header.DataLength} bytes of data that the header names: the file was altered.");
        }
    }

    private void Fill(Span<byte> buffer, string what)
    {
        if (Guarded(buffer, static (stream, bytes) => stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)) < buffer.Length)
        {
            throw new WeightsFormatException($"The weights end within {what}: the file is truncated.");
        }
    }

    /// <summary>Reads, where a compressed stream may find out that it was altered.</summary>
    private int Guarded(Span<byte> buffer, Func<Stream, Span<byte>, int> read)
    {
        try
        {
            return read(_stream, buffer);
        }
        catch (InvalidDataException error)
        {
            throw new WeightsFormatException($"The weights cannot be decompressed, the file was altered: {error.Message}", error);
        }
    }
}
