using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Damages files as disks, networks and enemies do; the seed decides how.</summary>
internal static class FileMutator
{
    private static readonly long[] Extremes = [0, 1, -1, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, uint.MaxValue, 0x7fffffff00000000];

    /// <summary>One to four changes at places from <paramref name="from"/> up to <paramref name="to"/> (the end, if null).</summary>
    public static byte[] Mutate(ReadOnlySpan<byte> file, int seed, int from = 0, int? to = null)
    {
        var random = new Random(seed);
        List<byte> bytes = [.. file];
        for (int changes = random.Next(1, 5); changes > 0 && bytes.Count > from; changes--)
        {
            int at = random.Next(from, Math.Max(from + 1, Math.Min(to ?? bytes.Count, bytes.Count)));
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, Math.Min(random.Next(1, 60), bytes.Count - at)));
                    break;
                case 5:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    byte[] number = new byte[sizeof(long)];
                    BinaryPrimitives.WriteInt64LittleEndian(number, Extremes[random.Next(Extremes.Length)]);
                    int width = Math.Min(1 << random.Next(4), bytes.Count - at);
                    for (int i = 0; i < width; i++)
                    {
                        bytes[at + i] = number[i];
                    }

                    break;
            }
        }

        return [.. bytes];
    }
}
