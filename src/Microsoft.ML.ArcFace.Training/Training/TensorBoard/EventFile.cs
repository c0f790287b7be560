using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;

namespace Microsoft.ML.ArcFace.Training;

/// <summary>
/// A file of TensorBoard's events: records of TFRecord's form, u64 length, u32 checksum of the length, a protobuf message,
/// u32 checksum of the message, all little-endian. What a killed process leaves ends with a whole record or is read up to
/// the last one.
/// </summary>
internal sealed class EventFile : IDisposable
{
    private const int LengthSize = sizeof(ulong), ChecksumSize = sizeof(uint);
    private const string Version = "brain.Event:2";

    private readonly FileStream _stream;

    private EventFile(FileStream stream) => _stream = stream;

    /// <summary>Begins a new file in a folder, which is made if there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="firstStep">What other files of the folder say of this step and later ones no longer counts.</param>
    public static EventFile Create(string folder, int firstStep)
    {
        Directory.CreateDirectory(folder);
        var file = new EventFile(CreateNew(folder));
        file.Write(new Event { FileVersion = Version });
        file.Write(new Event { Step = firstStep, SessionLog = new SessionLog { Status = SessionLog.Types.SessionStatus.Start } });
        file.Flush();
        return file;
    }

    /// <summary>Adds values of a step.</summary>
    public void Scalars(int step, params ReadOnlySpan<(string Tag, double Value)> values)
    {
        var summary = new Summary();
        foreach ((string tag, double value) in values)
        {
            summary.Value.Add(new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });
        }

        Write(new Event { Step = step, Summary = summary });
    }

    /// <summary>Shows readers all that was added.</summary>
    public void Flush() => _stream.Flush();

    public void Dispose() => _stream.Dispose();

    /// <summary>TFRecord's checksum: CRC-32C, turned by 15 bits and shifted, so that checksums of checksums stay useful.</summary>
    public static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return unchecked(BitOperations.RotateRight(~crc, 15) + 0xA282EAD8);
    }

    private void Write(Event what)
    {
        what.WallTime = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        int length = what.CalculateSize();
        Span<byte> record = new byte[LengthSize + ChecksumSize + length + ChecksumSize];
        Span<byte> message = record.Slice(LengthSize + ChecksumSize, length);
        what.WriteTo(message);
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[LengthSize..], MaskedChecksum(record[..LengthSize]));
        BinaryPrimitives.WriteUInt32LittleEndian(record[^ChecksumSize..], MaskedChecksum(message));
        _stream.Write(record);
    }

    /// <summary>Readers know event files by their names and read them in the order of these.</summary>
    private static FileStream CreateNew(string folder)
    {
        long seconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (int number = 0; ; number++)
        {
            string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{seconds:D10}.{number:D4}.arcface"));
            try
            {
                return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another run of this second has it.
            }
        }
    }
}
