using System.Buffers.Binary;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Reads TensorBoard's event files by TFRecord's description, checksums bit by bit.</summary>
internal static class EventRecords
{
    public static Event[] Read(string path)
    {
        var events = new List<Event>();
        Span<byte> bytes = File.ReadAllBytes(path);
        while (!bytes.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Assert.AreEqual(Masked(Crc32C(bytes[..8])), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            Assert.AreEqual(Masked(Crc32C(bytes.Slice(12, length))), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event.Parser.ParseFrom(bytes.Slice(12, length)));
            bytes = bytes[(16 + length)..];
        }

        return [.. events];
    }

    /// <summary>The values of a tag by their step.</summary>
    public static (long Step, float Value)[] Scalars(IEnumerable<Event> events, string tag) =>
        [.. events.Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value, (e, value) => (e.Step, value)).Where(entry => entry.value.Tag == tag).Select(entry => (entry.Step, entry.value.SimpleValue))];

    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
            }
        }

        return ~crc;
    }

    private static uint Masked(uint crc) => unchecked(((crc >> 15) | (crc << 17)) + 0xa282ead8);
}
